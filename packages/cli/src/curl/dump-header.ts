import { appendFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import type { Request } from './request.ts';

/** curl dumps heads to one file only, and that is ours: this fills the one that the person named with `-D`. */
export function keepDumpedHeader({
  headFile,
  request,
  isFollowing = false,
  context,
}: {
  headFile: string;
  request: Request;
  isFollowing?: boolean;
  context: Context;
}): void {
  if (request.dumpHeader === undefined || request.dumpHeader === '-') return;
  try {
    const file = resolve(context.cwd, request.dumpHeader);
    if (isFollowing) appendFileSync(file, readFileSync(headFile));
    else copyFileSync(headFile, file);
  } catch (error) {
    // curl had no answer, so there is nothing to dump; or it cannot be written, which curl only warns of as well.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      context.stderr.write(`freehold: the headers could not be written to ${request.dumpHeader}\n`);
    }
  }
}

/** What `-D -` puts before the body. */
export const dumpedFor = ({ dumpHeader }: Request, headFile: string): Buffer =>
  dumpHeader === '-' && existsSync(headFile) ? readFileSync(headFile) : Buffer.alloc(0);
