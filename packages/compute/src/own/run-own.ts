import { createHash, randomBytes } from 'node:crypto';
import { cidOf, rawCodec, taskIdOf, type Address, type Limits } from '@freehold/protocol';
import type { Engine, RunReason, RunResult } from '../engine.ts';
import { ComputeError } from '../error.ts';
import type { Mount } from '../mounts/mount.ts';
import { takeMounts } from '../mounts/take-mounts.ts';
import { inspectWasm, type WasmInspection } from '../wasm/index.ts';
import type { Turn } from '../queue.ts';
import { openTurns } from './turns.ts';

const mebibyte = 1024 * 1024;
/** What a program may use that somebody runs for themselves, without an offer. */
export const ownLimits: Limits = {
  memoryBytes: 512 * mebibyte,
  cpuMs: 30_000,
  wallMs: 30_000,
  outputBytes: 8 * mebibyte,
  inputBytes: 16 * mebibyte,
};
/** Runs of one account at once, and those that may wait for their turn. */
const most = { running: 4, waiting: 32 };

export type OwnRun = {
  /** The account that runs it, whose turn it takes. */
  account: Address;
  /** The program: a WebAssembly core module, a WASI preview 1 command, or a component that is a command. */
  bytes: Uint8Array;
  /** The export of a core module that is called. */
  entry?: string | undefined;
  args: string[];
  env: Record<string, string>;
  input: Buffer;
  mounts: readonly Mount[];
  signal?: AbortSignal;
};

export type OwnOutcome = {
  /** Identity of this run; a run is never shared with anybody. */
  task: string;
  /** Identity of the folders that it was given, or null. */
  inputs: string | null;
  reason: RunReason;
  exitCode: number | null;
  /** Why it did not end by itself. */
  message: string | null;
  stdout: Buffer;
  stderr: Buffer;
  /** How many changes of files were kept. */
  changed: number;
  usage: { wallUs: number; cpuUs: number; maxRssBytes: number };
};

/** Programs that people run for themselves: nothing of them is on sale, stored by the node, or shown to others. */
export function openOwnRuns({
  run,
  enter,
}: {
  run: Engine['run'];
  /** Waits until one more may run, among those of all accounts. */
  enter: (account: string, signal: AbortSignal | undefined) => Promise<Turn>;
}) {
  const turns = openTurns(most);

  return {
    /** The exports of a program that can be called. Errors: `program_refused`. */
    exports: (bytes: Uint8Array): WasmInspection['exports'] => inspect(bytes).exports,

    /** Runs of an account: at this moment, waiting, and at most. */
    load: (account: string) => turns.load(account),

    /**
     * Runs a program and keeps what it changed in the folder that it was given to change, when it ended with code 0.
     * Errors: `program_refused`, `request_invalid`, `mounts_invalid`, `queue_full`, and those of the drive.
     */
    async run({ account, bytes, entry, args, env, input, mounts, signal }: OwnRun): Promise<OwnOutcome> {
      const { kind, exports } = inspect(bytes);
      if (input.length > ownLimits.inputBytes)
        throw new ComputeError('input_too_large', 413, `A program takes at most ${ownLimits.inputBytes / mebibyte} MiB of input.`);
      const isCall = kind === 'core';
      if (isCall && !exports.some(({ name }) => name === entry))
        throw new ComputeError(
          'request_invalid',
          400,
          `It has no export ${JSON.stringify(entry ?? '')}. Call one of: ${exports.map(({ name }) => name).join(', ') || 'it exports no function'}.`,
        );
      if (isCall && mounts.length > 0)
        throw new ComputeError('mounts_invalid', 400, 'Only WASI programs can be given folders: this module has no way to open a file.');

      return turns.take(account, signal, async () => {
        const { inputs, given, commit } = await takeMounts(mounts);
        const program = cidOf(rawCodec, createHash('sha256').update(bytes).digest());
        const task = taskIdOf({
          kind: kinds[kind].task,
          program,
          runtime: 'wasm',
          entry: isCall ? (entry ?? null) : null,
          args,
          env,
          stdin: createHash('sha256').update(input).digest(),
          inputs,
          limits: { ...ownLimits, fuel: null },
          policy: { clock: 'real', random: 'real', net: [], fork: false },
          secret: null,
          scope: account,
          nonce: randomBytes(16),
        });
        const asked = {
          program,
          bytes,
          kind: kinds[kind].run,
          entry: isCall ? (entry ?? null) : null,
          args,
          env,
          limits: ownLimits,
          seed: undefined,
          ...(given && { mounts: given }),
        };
        const turn = await enter(account, signal);
        let result: RunResult;
        try {
          result = await run(asked, input, signal ? { signal } : {});
          turn.done(result.wallUs);
        } finally {
          turn.end();
        }
        return outcomeOf({ task, inputs, result, changed: await commit(result.changes ?? []) });
      });
    },
  };
}

function outcomeOf({
  task,
  inputs,
  result,
  changed,
}: {
  task: string;
  inputs: string | null;
  result: RunResult;
  changed: number;
}): OwnOutcome {
  const { reason, exitCode, message, stdout, stderr, wallUs, cpuUs, maxRssBytes } = result;
  return { task, inputs, reason, exitCode, message, stdout, stderr, changed, usage: { wallUs, cpuUs, maxRssBytes } };
}

/** What each kind of program is called in the identity of a task, and by the engine. */
const kinds = {
  core: { task: 'wasm', run: 'core' },
  'wasi-command': { task: 'wasi1', run: 'wasi' },
  component: { task: 'wasi2', run: 'component' },
} as const;

function inspect(bytes: Uint8Array): WasmInspection & { kind: keyof typeof kinds } {
  const found = inspectWasm(bytes);
  const refuse = (message: string) => new ComputeError('program_refused', 422, message);
  if (found.kind === 'wasi-reactor')
    throw refuse(
      'This is a WASI reactor (a library without _start). Build it as a command, or export plain functions without WASI imports.',
    );
  const { kind } = found;
  if (kind === 'core' || kind === 'wasi-command' || kind === 'component') return { ...found, kind };
  const isWasm = Buffer.from(bytes.subarray(0, 4)).equals(Buffer.from('\0asm', 'latin1'));
  throw refuse(
    isWasm
      ? (found.reason ?? 'This WebAssembly module cannot be run.')
      : 'This is no WebAssembly module. From a drive only WebAssembly is run; other programs are published as functions first.',
  );
}
