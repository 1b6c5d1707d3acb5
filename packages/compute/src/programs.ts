import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cidOf, rawCodec, type ProgramInfo } from '@freehold/protocol';
import type { EngineState } from './engine.ts';
import { ComputeError } from './error.ts';
import { inspectElf } from './native/index.ts';
import type { ProgramRow, Store } from './store.ts';
import { inspectWasm } from './wasm/index.ts';

/** Programs are kept as files named by their CID (raw codec: the sha256 of the bytes), where the sandboxes read them. */
export const programSizeLimit = 32 * 1024 * 1024;

export type Programs = ReturnType<typeof openPrograms>;

export function openPrograms({
  store,
  directory,
  now,
  states,
}: {
  store: Store;
  directory: string;
  now: () => number;
  states: () => { native: EngineState; wasm: EngineState };
}) {
  const refusalOf = (program: ProgramRow): string | null => {
    const { native, wasm } = states();
    if (program.runtime === 'wasm') return wasm.available ? null : `${wasm.reason} ${wasm.advice}`;
    if (!native.available) return `${native.reason} ${native.advice}`;
    const missing = native.missing ?? {};
    if (program.runtime === 'python' || program.runtime === 'sh') return missing[program.runtime] ?? null;
    const here = process.arch === 'x64' ? 'linux-x64' : 'linux-arm64';
    if (program.runtime !== here)
      return `This program is for ${program.runtime}; this node is ${process.platform}-${process.arch}. Build it for ${here}, or as WebAssembly, which runs on every node.`;
    return program.kind === 'dynamic' ? (missing.libraries ?? null) : null;
  };
  const describe = (program: ProgramRow): ProgramInfo => ({ ...program, refusal: refusalOf(program) });

  return {
    refusalOf,

    /** Stores a program that this or another node may run. Errors: `program_too_large`, `program_refused`. */
    async add(content: AsyncIterable<Uint8Array>): Promise<ProgramInfo> {
      const bytes = await collect(content);
      const hash = createHash('sha256').update(bytes).digest();
      const program: ProgramRow = { cid: cidOf(rawCodec, hash), size: bytes.length, ...classify(bytes) };
      await mkdir(directory, { recursive: true, mode: 0o755 });
      await writeDurably(directory, program.cid, bytes);
      await store.addProgram(program, now());
      return describe(program);
    },

    /** Undefined, too, when the program was uploaded to another node on the same database: its bytes are on that one's disk. */
    async info(cid: string): Promise<ProgramRow | undefined> {
      const program = await store.program(cid);
      if (!program) return undefined;
      const isHere = await access(join(directory, cid)).then(
        () => true,
        () => false,
      );
      return isHere ? program : undefined;
    },

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

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > programSizeLimit)
      throw new ComputeError('program_too_large', 413, `A program may have at most ${programSizeLimit / 1024 / 1024} MiB.`);
    chunks.push(chunk);
  }
  if (size === 0)
    throw new ComputeError(
      'program_refused',
      422,
      'The upload is empty. Send the bytes of a WebAssembly module or of a static Linux executable as the request body.',
    );
  return Buffer.concat(chunks, size);
}

/** What the bytes are. Errors: `program_refused` with the reason and what to do. */
function classify(bytes: Buffer): Pick<ProgramRow, 'kind' | 'runtime' | 'exports'> {
  const refuse = (message: string) => new ComputeError('program_refused', 422, message);
  const elf = inspectElf(bytes);
  if (elf) {
    if (elf.arch !== 'linux-x64' && elf.arch !== 'linux-arm64')
      throw refuse('This executable is for a processor that Freehold does not run. Build it for x86-64 or arm64 Linux.');
    return { kind: elf.static ? 'native' : 'dynamic', runtime: elf.arch, exports: [] };
  }
  const interpreter = interpreterOf(bytes);
  if (interpreter) return { kind: 'script', runtime: interpreter, exports: [] };
  const wasm = inspectWasm(bytes);
  switch (wasm.kind) {
    case 'core':
      return { kind: 'core', runtime: 'wasm', exports: wasm.exports };
    case 'wasi-command':
      return { kind: 'wasi', runtime: 'wasm', exports: wasm.exports };
    case 'wasi-reactor':
      throw refuse(
        'This is a WASI reactor (a library without _start). Build it as a command, or export plain functions without WASI imports.',
      );
    case 'component':
      throw refuse('WebAssembly components are not supported yet. Build a core module or a WASI preview 1 command (wasm32-wasip1).');
    default:
      throw refuse(
        isWasm(bytes)
          ? `This WebAssembly module cannot be run. ${wasm.reason ?? ''}`.trim()
          : 'This is neither a WebAssembly module, nor a Linux executable, nor a script that begins with "#!/usr/bin/env python3" or "#!/bin/sh".',
      );
  }
}

/** Which interpreter the first line of a script names. */
function interpreterOf(bytes: Buffer): 'python' | 'sh' | undefined {
  const [, name] = /^#! ?(?:\/usr\/bin\/env |\/usr\/bin\/|\/bin\/)(python3?|sh)[ \t\r]*\n/.exec(bytes.toString('latin1', 0, 64)) ?? [];
  return name === undefined ? undefined : name === 'sh' ? 'sh' : 'python';
}

const isWasm = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(Buffer.from('\0asm', 'latin1'));

async function writeDurably(directory: string, name: string, bytes: Buffer) {
  const temporary = join(directory, `.${randomUUID()}`);
  const file = await open(temporary, 'wx', 0o755);
  try {
    await file.writeFile(bytes);
    // Guests are another user when the node is root, whatever the umask says.
    await file.chmod(0o755);
    await file.datasync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, name));
  const folder = await open(directory);
  await folder.sync();
  await folder.close();
}
