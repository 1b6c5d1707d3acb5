import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';

type Needs = Pick<Context, 'settings' | 'cwd' | 'ask'>;

/**
 * The password of a key file: `--password @file` or `env:NAME`, else FREEHOLD_KEY_PASSWORD (which may be the password itself), else what
 * the person types. Errors: CliError when there is none to be had.
 */
export async function readPassword(question: string, { named, ...context }: Needs & { named?: string | undefined }): Promise<string> {
  const source = named ?? context.settings.keyPassword;
  if (source !== undefined) return passwordFrom(source, named !== undefined, context);
  const typed = await context.ask?.(question);
  if (typed === undefined) {
    throw new CliError('A password is needed, and there is no terminal to ask for it.', {
      advice: 'Name it: FREEHOLD_KEY_PASSWORD=@FILE or FREEHOLD_KEY_PASSWORD=env:NAME',
    });
  }
  return typed;
}

/** A password for a new key file; typed twice when it is typed. Errors: CliError. */
export async function newPassword({ named, ...context }: Needs & { named?: string | undefined }): Promise<string> {
  const isTyped = named === undefined && context.settings.keyPassword === undefined;
  const password = await readPassword('New password: ', { named, ...context });
  if (password === '')
    throw new CliError('An empty password protects nothing.', { advice: 'Leave out --encrypt to write the key as it is.' });
  if (isTyped && (await readPassword('The same again: ', context)) !== password) {
    throw new CliError('The two passwords differ, so nothing was written.', { advice: 'Try again.' });
  }
  return password;
}

function passwordFrom(source: string, isArgument: boolean, { settings, cwd }: Pick<Needs, 'settings' | 'cwd'>): string {
  if (source.startsWith('@')) {
    const file = resolve(cwd, source.slice(1));
    try {
      // The newline at the end is the editor's, not the person's.
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      throw new CliError(`The password file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
  if (source.startsWith('env:')) {
    const value = settings.variable(source.slice(4));
    if (value === undefined) throw new CliError(`The environment variable ${source.slice(4)} is not set.`);
    return value;
  }
  if (isArgument) {
    throw usageError('A password on the command line can be seen by every user of the machine.', 'Name it: --password @FILE or env:NAME');
  }
  return source;
}
