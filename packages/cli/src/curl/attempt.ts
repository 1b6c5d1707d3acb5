import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { Context, Output } from '../context.ts';
import { readAnswerHeads, type AnswerHead } from './answer-head.ts';
import { curlMissing } from './option-table.ts';

/** What to do now that the head of an answer is known: pass on what curl says, keep it until curl ends, or keep it and end curl. */
export type Verdict = 'release' | 'hold' | 'stop';

export type Attempt = {
  /** curl's, or 128 + the signal that ended it. */
  exitCode: number;
  /** Heads of all answers, the final one last. */
  heads: AnswerHead[];
  /** The held beginning of standard output: all of it unless it was released. */
  body: Buffer;
  isReleased: boolean;
  /** Passes on what was held. */
  release(): Promise<void>;
};

/** More than this is never held: whoever sends a 402 this long wants no payment. */
const mostHeldBytes = 8 * 1024 * 1024;
/** How soon a head is noticed that no data follows. */
const lookEveryMs = 20;

/**
 * Runs curl once. With `judge`, its output is held until the head of an answer is judged worth releasing; without, it writes
 * straight to ours, which then is a terminal or file for it as it would be without us.
 * Errors: CliError 127.
 */
export async function runCurl({
  args,
  headFile,
  stdinFile,
  judge,
  prelude,
  context,
}: {
  args: readonly string[];
  /** Where curl dumps heads, when `args` tell it to. */
  headFile: string | undefined;
  /** What standard input was, when curl reads it. */
  stdinFile: string | undefined;
  judge?: (head: AnswerHead) => Verdict;
  /** Written to standard output before the first byte of curl's, when that is released. */
  prelude?: () => Buffer;
  context: Context;
}): Promise<Attempt> {
  const stdin = stdinFile === undefined ? undefined : openSync(stdinFile, 'r');
  const child = spawn('curl', args, {
    cwd: context.cwd,
    env: { ...context.settings.childEnvironment },
    stdio: [
      stdin ?? context.stdin.fd ?? 'ignore',
      judge ? 'pipe' : (context.stdout.fd ?? 'pipe'),
      judge ? 'pipe' : (context.stderr.fd ?? 'pipe'),
    ],
  });
  if (stdin !== undefined) closeSync(stdin);
  const stopRelaying = relaySignals(child, context.signal);

  const heldOut: Buffer[] = [];
  const heldErr: Buffer[] = [];
  let heldBytes = 0;
  let opening: Promise<void> | undefined;
  const heads = () => (headFile ? readAnswerHeads(readIfThere(headFile)) : []);

  const open = () => (opening ??= writeHeld());
  const writeHeld = async () => {
    await writeAll(context.stderr, heldErr);
    await writeAll(context.stdout, [...(prelude ? [prelude()] : []), ...heldOut]);
  };
  const look = () => {
    if (opening || !judge) return;
    const head = heads().at(-1);
    const verdict = head && judge(head);
    if (verdict === 'stop') child.kill();
    else if (verdict === 'release' || heldBytes > mostHeldBytes) void open();
  };

  const timer = judge && setInterval(look, lookEveryMs);
  const pass = async (from: Readable | null, held: Buffer[], to: Output) => {
    if (!from) return;
    // Whoever reads our output has gone away (`| head`): curl must hear of it as it would without us.
    const leave = () => from.destroy();
    to.once('error', leave);
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (held === heldOut) look();
        if (opening || !judge) {
          await opening;
          await writeAll(to, [chunk]);
        } else {
          held.push(chunk);
          heldBytes += chunk.length;
        }
      }
    } catch (error) {
      if (!from.destroyed) throw error;
    } finally {
      to.off('error', leave);
    }
  };
  try {
    const [[code, killedBy]] = await Promise.all([
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
      pass(child.stdout, heldOut, context.stdout),
      pass(child.stderr, heldErr, context.stderr),
    ]);
    return {
      exitCode: code ?? 128 + (killedBy ? constants.signals[killedBy] : 0),
      heads: heads(),
      body: Buffer.concat(heldOut),
      isReleased: opening !== undefined || !judge,
      release: open,
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw curlMissing(error);
    throw error;
  } finally {
    clearInterval(timer);
    stopRelaying();
  }
}

/** Ends curl when we are asked to end, and lets us live until it has. */
function relaySignals(child: { kill(signal: NodeJS.Signals): boolean }, signal: AbortSignal): () => void {
  const end = () => child.kill(signal.reason === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return () => signal.removeEventListener('abort', end);
}

async function writeAll(to: Output, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) {
    if (to.destroyed || to.writableEnded) return;
    if (!to.write(chunk)) await room(to);
  }
}

/** Resolves when more can be written, or nothing ever will be. */
function room(to: Output): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error']) to.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) to.once(event, done);
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
