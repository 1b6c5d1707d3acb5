import { describe, endOf, wasiOptions, type Execution, type Outcome } from '../execute.ts';
import type { RunHead } from '../job.ts';
import { Refusal } from '../program.ts';
import { openContext } from '../wasi/context.ts';
import { changesOf } from '../wasi/mounted.ts';
import type { ReadContent } from '../wasi/volume.ts';
import type { Component } from './component.ts';
import { openImports } from './wasi/imports.ts';

/** Runs one job in a fresh instance of a component and answers how it ended: as a command, or with one HTTP request. */
export function executeComponent({
  component,
  job,
  stdin,
  readContent,
  passStdout,
}: {
  component: Component;
  job: RunHead;
  stdin: Uint8Array;
  readContent: ReadContent;
  passStdout: (bytes: Uint8Array) => void;
}): Omit<Execution, 'release'> {
  const context = openContext({ ...wasiOptions(job, stdin, undefined), readContent, ...(job.streams && { passStdout }) });
  const wasi = openImports(context, job);
  let memoryBytes = () => 0;
  let outcome: Outcome;
  try {
    const made = component.instantiate(wasi.imports, { memoryBytes: job.limits.memoryBytes });
    memoryBytes = made.memoryBytes;
    outcome = start(made.exports, wasi.begin);
  } catch (error) {
    outcome = describe(error);
  }
  if (context.ended !== undefined) outcome = endOf(context.ended, job);
  const endedWell = outcome.reason === 'exit' && outcome.exitCode === 0;
  return {
    ...outcome,
    stdout: context.stdout.bytes,
    stderr: context.stderr.bytes,
    ...(endedWell && job.mounts !== undefined && { changes: context.mounted.map(changesOf) }),
    memoryBytes: memoryBytes(),
  };
}

function start(exports: Record<string, unknown>, begin: ReturnType<typeof openImports>['begin']): Outcome {
  const run = exported(exports, 'wasi:cli/run@0.2.', 'run');
  if (run) return { reason: 'exit', exitCode: succeeded(run) ? 0 : 1 };
  const handle = exported(exports, 'wasi:http/incoming-handler@0.2.', 'handle');
  if (!handle) throw new Refusal('invalid', 'It exports neither wasi:cli/run nor wasi:http/incoming-handler of WASI 0.2.');
  const { request, out } = begin();
  handle(request, out);
  if (!out.answered) throw new Refusal('trap', 'It ended without an answer to the request.');
  return { reason: 'exit', exitCode: 0 };
}

/** A command that fails without a number of its own says so with the error of its result, which jco throws. */
function succeeded(run: (...values: unknown[]) => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof Error && Object.hasOwn(error, 'payload')) return false;
    throw error;
  }
}

function exported(exports: Record<string, unknown>, instance: string, name: string): ((...values: unknown[]) => unknown) | undefined {
  const [, found] = Object.entries(exports).find(([key]) => key.startsWith(instance)) ?? [];
  const value = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined;
  return typeof value === 'function' ? (...values) => Reflect.apply(value, undefined, values) : undefined;
}
