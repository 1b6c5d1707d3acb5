import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { cidOf, rawCodec, type Runtime } from '@freehold/protocol';
import { CliError, usageError } from '../error.ts';
import { readProgram } from '../new/read-program.ts';

/** A program on this machine, not yet on a node. */
export type ProgramFile = {
  path: string;
  size: number;
  sha256: string;
  cid: string;
  runtime: Runtime | undefined;
  /** One module of what TypeScript or JavaScript imports; absent when the program is the file itself. */
  bytes?: Uint8Array<ArrayBuffer>;
};

const names: Record<string, Runtime> = {
  'linux-x64': 'linux-x64',
  x86_64: 'linux-x64',
  amd64: 'linux-x64',
  x64: 'linux-x64',
  'linux-arm64': 'linux-arm64',
  aarch64: 'linux-arm64',
  arm64: 'linux-arm64',
  wasm: 'wasm',
  javascript: 'javascript',
  python: 'python',
  sh: 'sh',
};
const machines: Record<number, Runtime> = { 0x3e: 'linux-x64', 0xb7: 'linux-arm64' };

/**
 * Looks at a program named as `FILE` or `ARCHITECTURE:FILE`. What it is for is read from the file; a name before it is checked. The file
 * is hashed as a stream. Errors: CliError.
 */
export async function openProgramFile(text: string, cwd: string): Promise<ProgramFile> {
  const [, named, file = text] = /^([a-z0-9_-]+):(.+)$/s.exec(text) ?? [];
  const wanted = named === undefined ? undefined : names[named];
  if (named !== undefined && wanted === undefined)
    throw usageError(`${named} is no architecture.`, `Write one of ${Object.keys(names).join(', ')}, a colon, and the file.`);
  const path = resolve(cwd, file);
  try {
    const bytes = /\.[cm]?[jt]s$/.test(path) ? await readProgram(path) : undefined;
    const size = bytes?.length ?? (await stat(path)).size;
    const runtime = bytes ? 'javascript' : await runtimeOf(path);
    if (wanted !== undefined && runtime !== undefined && runtime !== wanted)
      throw usageError(`${file} is for ${runtime}, not for ${wanted}.`, 'Leave the architecture out: it is read from the file.');
    const hash = createHash('sha256');
    if (bytes) hash.update(bytes);
    else for await (const chunk of createReadStream(path)) hash.update(chunk);
    const digest = hash.digest();
    return {
      path,
      size,
      sha256: digest.toString('hex'),
      cid: cidOf(rawCodec, digest),
      runtime: runtime ?? wanted,
      ...(bytes && { bytes }),
    };
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError(`The program ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'Check the name.',
      cause,
    });
  }
}

/** What the first bytes say. */
async function runtimeOf(path: string): Promise<Runtime | undefined> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(64);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const text = head.toString('latin1', 0, bytesRead);
    if (text.startsWith('\x7fELF')) return machines[head.readUInt16LE(18)];
    if (text.startsWith('\0asm')) return 'wasm';
    const [, interpreter] = /^#! ?\S+[/ ](python3?|sh)[ \t\r]*\n/.exec(text) ?? [];
    if (interpreter !== undefined) return interpreter === 'sh' ? 'sh' : 'python';
    return undefined;
  } finally {
    await file.close();
  }
}
