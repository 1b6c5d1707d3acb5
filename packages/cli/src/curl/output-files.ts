import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CliError } from '../error.ts';
import type { Output, Request } from './request.ts';

/**
 * How the first, unpaid attempt is kept from writing the body of a 402 into the file that the person named.
 *
 * `fail`: curl's own --fail. Nothing is written for an answer of 400 and above, and all else about files (`-C -`, `-J`, `--no-clobber`,
 * `-R`) is curl's. An error answer that is no 402 must then be fetched again to get its body, so it is only for safe methods.
 * `aside`: the body goes to a directory of ours, and is moved into place once it is known to be no demand for payment.
 */
export type Guard = 'none' | 'fail' | 'aside';

export function guardFor(request: Request): Guard {
  if (!request.output || isDevice(request.output)) return 'none';
  const isSafe = request.method === 'GET' || request.method === 'HEAD';
  return isSafe && !request.has('--retry-all-errors') && !request.has('--config') ? 'fail' : 'aside';
}

export function guardArguments(guard: Guard, { request, aside }: { request: Request; aside: string }): string[] {
  if (guard === 'aside') return ['--output-dir', aside, '--create-dirs'];
  if (guard === 'none' || request.has('--fail')) return [];
  return [...(request.has('--fail-with-body') ? ['--no-fail-with-body'] : []), '--fail'];
}

/** Moves what curl wrote aside to where it would have written it. Errors: CliError 23, curl's code for a failed write. */
export function moveIntoPlace({ aside, output, request }: { aside: string; output: Output; request: Request }): void {
  const written = existsSync(aside)
    ? readdirSync(aside, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile())
    : undefined;
  if (!written) return;
  const source = join(written.parentPath, written.name);
  let target = resolve(output.dir, output.file ?? basename(source));
  if (existsSync(target)) {
    // curl: -J never overwrites; --no-clobber appends a number.
    if (output.file === undefined && request.has('--remote-header-name')) throw cannotWrite(target, 'it exists, and -J does not overwrite');
    if (request.has('--no-clobber')) target = firstFree(target);
  }
  try {
    if (output.createDirs) mkdirSync(dirname(target), { recursive: true });
    place(source, target);
  } catch (error) {
    throw cannotWrite(target, error instanceof Error ? error.message : String(error));
  }
}

function place(source: string, target: string): void {
  // Writing into an existing file keeps its permissions, and follows a symbolic link, as curl does.
  if (existsSync(target)) return copyFileSync(source, target);
  try {
    renameSync(source, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    copyFileSync(source, target);
  }
}

function firstFree(target: string): string {
  for (let number = 1; ; number++) if (!existsSync(`${target}.${number}`)) return `${target}.${number}`;
}

function isDevice({ file, dir }: Output): boolean {
  const status = file === undefined ? undefined : statSync(resolve(dir, file), { throwIfNoEntry: false });
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

const cannotWrite = (target: string, why: string) =>
  new CliError(`The answer could not be written to ${target}: ${why}.`, { exitCode: 23, advice: 'Name another file with -o.' });
