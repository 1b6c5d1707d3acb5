import { resolve } from 'node:path';
import { IdentityError, serveKeeper } from '@freehold/identity';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';

/** Keeps keys for nodes until it is asked to end: the one process that has dstack's socket. Errors: CliError. */
export async function keeper({ dstack, listen }: { dstack: string; listen: string }, context: Context): Promise<number> {
  const listenPath = resolve(context.cwd, listen);
  context.stderr.write(`freehold: keeping keys at ${listenPath}\n`);
  try {
    await serveKeeper({ servicePath: resolve(context.cwd, dstack), listenPath, signal: context.signal });
    return 0;
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause;
    throw new CliError(cause.message, { cause });
  }
}
