import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { access, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cidOf, rawCodec, type Address, type Offer, type ProgramInfo } from '@freehold/protocol';
import type { EngineState } from './engine.ts';
import { ComputeError } from './error.ts';
import { inspectElf } from './native/index.ts';
import { place, receive, removeUnfinished, type Received } from './program-file.ts';
import type { ProgramQuota } from './program-quota.ts';
import type { ProgramRow, Store } from './store.ts';
import type { HeldProgram } from './store/program-holders.ts';
import { largestScript } from './javascript/index.ts';
import { inspectWasm } from './wasm/index.ts';

/** Programs are kept as files named by their CID (raw codec: the sha256 of the bytes), where the sandboxes read them. */
export type Programs = ReturnType<typeof openPrograms>;

export function openPrograms({
  store,
  directory,
  quota,
  now,
  states,
  scriptRefusalOf,
}: {
  store: Store;
  directory: string;
  quota: ProgramQuota;
  now: () => number;
  states: () => { native: EngineState; wasm: EngineState; javascript: EngineState };
  /** Why a JavaScript module cannot be run; null when it can. */
  scriptRefusalOf: (cid: string, bytes: Uint8Array) => Promise<string | null>;
}) {
  const refusalOf = (program: ProgramRow, { fork, network }: Pick<Offer, 'fork' | 'network'> = {}): string | null => {
    const { native, wasm, javascript } = states();
    if (program.runtime === 'wasm') return wasm.available ? null : `${wasm.reason} ${wasm.advice}`;
    if (program.runtime === 'javascript') return javascript.available ? null : `${javascript.reason} ${javascript.advice}`;
    if (!native.available) return `${native.reason} ${native.advice}`;
    const missing = native.missing ?? {};
    const more = (fork ? missing.processes : undefined) ?? (network ? missing.network : undefined);
    if (more !== undefined) return more;
    if (program.runtime === 'python' || program.runtime === 'sh') return missing[program.runtime] ?? null;
    const here = process.arch === 'x64' ? 'linux-x64' : 'linux-arm64';
    if (program.runtime !== here)
      return `This program is for ${program.runtime}; this node is ${process.platform}-${process.arch}. Build it for ${here}, or as WebAssembly, which runs on every node.`;
    return program.kind === 'dynamic' ? (missing.libraries ?? null) : null;
  };
  const describe = (program: ProgramRow): ProgramInfo => ({ ...program, refusal: refusalOf(program) });

  /** Undefined, too, when the program was uploaded to another node on the same database: its bytes are on that one's disk. */
  async function info(cid: string): Promise<ProgramRow | undefined> {
    const program = await store.program(cid);
    if (!program) return undefined;
    const isHere = await access(join(directory, cid)).then(
      () => true,
      () => false,
    );
    return isHere ? program : undefined;
  }

  return {
    refusalOf,

    /**
     * Stores a program that this or another node may run, as it arrives, for `owner`. Errors: `program_too_large`, `quota_exceeded`,
     * `program_refused`, also when it is not the one with that `sha256`.
     */
    async add(content: AsyncIterable<Uint8Array>, { owner, sha256 }: { owner: Address; sha256?: string }): Promise<ProgramInfo> {
      const received = await receive(directory, quota.watch(owner, content));
      try {
        const arrived = received.sha256.toString('hex');
        if (sha256 !== undefined && arrived !== sha256)
          throw new ComputeError('program_refused', 422, `These bytes have the sha256 ${arrived}, not ${sha256}. Send the program again.`);
        const bytes = await bytesToClassify(received);
        const program: ProgramRow = { cid: cidOf(rawCodec, received.sha256), size: received.size, ...classify(bytes) };
        const refusal = program.kind === 'javascript' ? await scriptRefusalOf(program.cid, bytes) : null;
        if (refusal !== null) throw scriptRefused(refusal);
        await store.addProgram(program, now());
        await quota.hold(owner, program);
        await place(directory, received, program.cid);
        return describe(program);
      } catch (error) {
        await rm(received.path, { force: true });
        throw error;
      }
    },

    /** The program with that sha256 (64 hexadecimal digits), when it is here. */
    async withSha256(sha256: string): Promise<ProgramInfo | undefined> {
      const program = await info(cidOf(rawCodec, Buffer.from(sha256, 'hex')));
      return program && describe(program);
    },

    /** Errors: `program_unknown`. */
    async get(cid: string): Promise<ProgramInfo> {
      const program = await info(cid);
      if (!program)
        throw new ComputeError('program_unknown', 404, `The program ${cid} is not on this node. Upload it with PUT /api/programs.`);
      return describe(program);
    },

    /** Keeps a program that is here for another who sells it. Errors: `quota_exceeded`. */
    hold: (owner: Address, program: ProgramRow) => quota.hold(owner, program),

    /** What an account keeps, newest first, and how much it may. */
    async held(owner: Address): Promise<{ programs: HeldProgram[]; usedBytes: number; limitBytes: number | null }> {
      const limit = await quota.limitOf(owner);
      const [programs, usedBytes] = await Promise.all([store.heldPrograms(owner), store.heldBytes(owner)]);
      return { programs, usedBytes, limitBytes: Number.isFinite(limit) ? limit : null };
    },

    /** Keeps a program no longer for an account; nobody's is removed. Errors: `program_unknown`, `program_in_use`. */
    async letGo(owner: Address, cid: string): Promise<void> {
      const [offer] = await store.offers({ owner, program: cid, limit: 1 });
      if (offer && offer.offer.expiresAt > now())
        throw new ComputeError('program_in_use', 409, `"${offer.offer.name}" sells this program. Withdraw that offer first.`);
      const { wasHeld, isHeld } = await store.letGoProgram(owner, cid);
      if (!wasHeld) throw new ComputeError('program_unknown', 404, 'You keep no program with this address. GET /api/programs lists yours.');
      const [sold] = isHeld ? [] : await store.offers({ program: cid, limit: 1 });
      if (!isHeld && !sold) await rm(join(directory, cid), { force: true });
    },

    /** Removes what had not arrived when an earlier process ended. */
    tidy: () => removeUnfinished(directory),

    info,

    /** The bytes of a program, checked against its CID, so that a damaged disk never runs as something else. */
    async read(cid: string): Promise<Buffer> {
      const bytes = await readFile(join(directory, cid));
      if (cidOf(rawCodec, createHash('sha256').update(bytes).digest()) !== cid) {
        throw new ComputeError(
          'program_unknown',
          500,
          'The stored program does not match its address any more: the disk may be failing. Upload the program again.',
        );
      }
      return bytes;
    },
  };
}

/** The head of a Linux executable, which may be large, and all of anything else. */
async function bytesToClassify({ path, size }: Received): Promise<Buffer> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(Math.min(size, headSize));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    const head = bytes.subarray(0, bytesRead);
    return inspectElf(head) ? head : await readFile(path);
  } finally {
    await file.close();
  }
}

/** Program headers stand right behind the ELF header. */
const headSize = 64 * 1024;

/** What the bytes are. Errors: `program_refused` with the reason and what to do. */
export function classify(bytes: Buffer): Pick<ProgramRow, 'kind' | 'runtime' | 'exports'> {
  const refuse = (message: string) => new ComputeError('program_refused', 422, message);
  const elf = inspectElf(bytes);
  if (elf) {
    if (elf.arch !== 'linux-x64' && elf.arch !== 'linux-arm64')
      throw refuse('This executable is for a processor that Freehold does not run. Build it for x86-64 or arm64 Linux.');
    return { kind: elf.static ? 'native' : 'dynamic', runtime: elf.arch, exports: [] };
  }
  const interpreter = interpreterOf(bytes);
  if (interpreter) return { kind: 'script', runtime: interpreter, exports: [] };
  if (isText(bytes)) {
    if (bytes.length > largestScript) throw refuse(`A JavaScript program may have at most ${largestScript / 1024 / 1024} MiB.`);
    return { kind: 'javascript', runtime: 'javascript', exports: [] };
  }
  const wasm = inspectWasm(bytes);
  switch (wasm.kind) {
    case 'core':
      return { kind: 'core', runtime: 'wasm', exports: wasm.exports };
    case 'wasi-command':
      return { kind: 'wasi', runtime: 'wasm', exports: wasm.exports };
    case 'wasi-reactor':
      return { kind: 'reactor', runtime: 'wasm', exports: wasm.exports.filter(({ name }) => name !== '_initialize') };
    case 'component':
      return { kind: 'component', runtime: 'wasm', exports: [] };
    default:
      throw refuse(
        isWasm(bytes)
          ? `This WebAssembly module cannot be run. ${wasm.reason ?? ''}`.trim()
          : `This is no program that can be run here. ${whatPrograms}`,
      );
  }
}

/** Which interpreter the first line of a script names. */
function interpreterOf(bytes: Buffer): 'python' | 'sh' | undefined {
  const [, name] = /^#! ?(?:\/usr\/bin\/env |\/usr\/bin\/|\/bin\/)(python3?|sh)[ \t\r]*\n/.exec(bytes.toString('latin1', 0, 64)) ?? [];
  return name === undefined ? undefined : name === 'sh' ? 'sh' : 'python';
}

/** Said of text that the sandbox could not make a module of. */
export const scriptRefused = (why: string) =>
  new ComputeError('program_refused', 422, `This is text, so it was taken for a JavaScript module. ${why} ${whatPrograms}`);

const whatPrograms =
  'A program is a WebAssembly module, a Linux executable, a JavaScript module in one file, or a script that begins with "#!/usr/bin/env python3" or "#!/bin/sh".';

/** Text that is no script for another interpreter. Whether it is JavaScript is found out in the sandbox. */
const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.includes(0) && bytes.subarray(0, 2).toString('latin1') !== '#!';

const isWasm = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(Buffer.from('\0asm', 'latin1'));
