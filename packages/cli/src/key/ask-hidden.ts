import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/**
 * Asks on the terminal of the person, wherever standard input comes from, without showing what is typed. Undefined when there is no
 * terminal, or the person ends it with Ctrl-C or Ctrl-D.
 */
export async function askHidden(question: string): Promise<string | undefined> {
  let descriptor: number;
  try {
    descriptor = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  let terminal: ReadStream;
  try {
    terminal = new ReadStream(descriptor);
  } catch {
    closeSync(descriptor);
    return undefined;
  }
  terminal.setRawMode(true);
  writeSync(descriptor, question);
  try {
    return await typedOn(terminal);
  } finally {
    writeSync(descriptor, '\n');
    terminal.setRawMode(false);
    terminal.destroy();
  }
}

async function typedOn(terminal: ReadStream): Promise<string | undefined> {
  terminal.setEncoding('utf8');
  let typed = '';
  // Left open at the end: its mode is still to be set back.
  for await (const text of terminal.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    for (const character of text) {
      if (character === '\r' || character === '\n') return typed;
      if (character === '\u0003' || character === '\u0004') return undefined;
      typed = character === '\u007f' || character === '\b' ? Array.from(typed).slice(0, -1).join('') : typed + character;
    }
  }
  return undefined;
}
