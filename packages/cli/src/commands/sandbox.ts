import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ComputeError, targetRefusal, tryOut, type TrialResult } from '@freehold/compute';
import { defaultLimits, networkTarget, type Limits } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { formatSize, parseSize, parseTime } from '../units.ts';

export type SandboxOptions = {
  env?: string[];
  entry?: string;
  processes?: boolean;
  network?: string[];
  memory?: string;
  cpu?: string;
  wall?: string;
  output?: string;
  json?: boolean;
};

/** What a shell says of a program that was stopped: the exit code of `timeout` and friends. */
const stoppedCode = 125;

/** Runs one program in the sandbox here, and tells what it used and what it was denied. Answers the exit code. */
export async function sandbox(file: string, args: string[], options: SandboxOptions, context: Context): Promise<number> {
  const limits = limitsOf(options);
  const denied = new Map<string, number>();
  const said: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const take = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
    if (options.json) said[name].push(chunk);
    else context[name].write(chunk);
  };
  const trial = await tryOut({
    program: readProgram(resolve(context.cwd, file)),
    args,
    env: variablesOf(options.env ?? []),
    entry: options.entry,
    fork: options.processes,
    network: options.network?.map(targetOf),
    limits,
    stdin: context.stdin.isTTY ? Buffer.alloc(0) : context.stdin,
    options: {
      onStdout: take('stdout'),
      onStderr: take('stderr'),
      onRefused({ call, error }) {
        const what = `${call} (${error})`;
        denied.set(what, (denied.get(what) ?? 0) + 1);
      },
    },
  }).catch((error: unknown) => {
    throw error instanceof ComputeError
      ? new CliError(error.message, { advice: 'See what this machine can confine: freehold doctor' })
      : error;
  });
  if (options.json) {
    const { stdout: _out, stderr: _err, ...result } = trial.result;
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
    context.stdout.write(
      `${JSON.stringify({ ...trial, result, limits, denied: Object.fromEntries(denied), stdout: text(said.stdout), stderr: text(said.stderr) })}\n`,
    );
  } else context.stderr.write(`${report(trial, limits, denied).join('\n')}\n`);
  const { reason, exitCode } = trial.result;
  return reason === 'exit' ? (exitCode ?? 0) : stoppedCode;
}

function limitsOf({ memory, cpu, wall, output }: SandboxOptions): Limits {
  return {
    ...defaultLimits,
    ...(memory !== undefined && { memoryBytes: parseSize(memory, '--memory') }),
    ...(cpu !== undefined && { cpuMs: parseTime(cpu, '--cpu') }),
    ...(wall !== undefined && { wallMs: parseTime(wall, '--wall') }),
    ...(output !== undefined && { outputBytes: parseSize(output, '--output') }),
  };
}

function targetOf(text: string): string {
  const { data } = networkTarget.safeParse(text);
  if (data === undefined) throw usageError(`--network ${text} is not HOST:PORT.`, 'Example: --network api.example.com:443');
  const refusal = targetRefusal(data);
  if (refusal !== null) throw usageError(refusal, 'Use a shorter name of the same host.');
  return data;
}

function variablesOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw usageError(`--env ${pair} is not NAME=VALUE.`, 'Example: --env GREETING=hello');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function readProgram(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CliError(`${path} cannot be read.`, { advice: error instanceof Error ? error.message : '' });
  }
}

const milliseconds = (microseconds: number) => `${(microseconds / 1000).toFixed(1)} ms`;
const kinds: Record<TrialResult['kind'], string> = {
  native: 'static Linux executable',
  dynamic: 'Linux executable with shared libraries',
  script: 'script',
  javascript: 'JavaScript module',
  core: 'WebAssembly module',
  wasi: 'WASI program',
  reactor: 'WASI library',
  component: 'WebAssembly component',
};

function report({ kind, runtime, tier, result }: TrialResult, limits: Limits, denied: ReadonlyMap<string, number>): string[] {
  const { reason, exitCode, message, wallUs, cpuUs, maxRssBytes, fuel } = result;
  const refusals = [...denied].map(([what, count]) => (count === 1 ? what : `${what} × ${count}`));
  const lines: [string, string][] = [
    ['program', `${kinds[kind]} (${runtime}), confined by ${tier}`],
    ['ended', reason === 'exit' ? `by itself, exit code ${exitCode ?? 0}` : `${reason}: ${message ?? 'it was stopped'}`],
    ['time', `${milliseconds(wallUs)} of ${limits.wallMs} ms`],
    ['processor', `${milliseconds(cpuUs)} of ${limits.cpuMs} ms`],
    ['memory', `${formatSize(maxRssBytes)} of ${formatSize(limits.memoryBytes)}`],
    ...(fuel === undefined ? [] : [['fuel', `${fuel} instructions`] satisfies [string, string]]),
    ['denied', refusals.length > 0 ? refusals.join(', ') : 'no system call'],
  ];
  const note = 'Files and the network are not there at all, so looking for them is no denial: it finds nothing.';
  return ['', ...lines.map(([name, value]) => `${name.padEnd(10)} ${value}`), ...(runtime === 'wasm' ? [] : ['', note])];
}
