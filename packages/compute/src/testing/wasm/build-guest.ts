import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

/** Compiles an AssemblyScript source of this folder into a WebAssembly module without any import but its own. */
export const buildGuest = (name: string): Promise<Uint8Array> => compile(name, ['--runtime', 'stub']);

/**
 * A command that can become a component: it makes the room that the adapter needs, which would otherwise be taken from under
 * its own allocator.
 */
export const buildAdaptable = (name: string): Promise<Uint8Array> =>
  compile(name, ['--runtime', 'stub'], `export { _start } from "./guest"; ${makesRoom}`);

const makesRoom = `export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  const fresh = heap.alloc(size);
  if (old) memory.copy(fresh, old, min(oldSize, size));
  return fresh;
}`;

/** A module whose functions take and return text, as an author builds it (docs/webassembly.md). */
export const buildTextGuest = (name: string): Promise<Uint8Array> =>
  compile(name, [
    '--runtime',
    'incremental',
    '--exportRuntime',
    '--transform',
    fileURLToPath(import.meta.resolve('@freehold/sdk/assemblyscript')),
  ]);

async function compile(name: string, options: string[], around?: string): Promise<Uint8Array> {
  const sources: Record<string, string> = {
    'guest.ts': await source(name),
    'wasi.ts': await source('wasi'),
    ...(around !== undefined && { 'around.ts': around }),
  };
  let binary: Uint8Array | undefined;
  let said = '';
  const { error } = await main(
    [around === undefined ? 'guest.ts' : 'around.ts', '--outFile', 'guest.wasm', '--use', 'abort=', '-O1', ...options],
    {
      readFile: (file) => sources[file] ?? null,
      writeFile: (_, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
      stderr: { write: (text) => void (said += String(text)) },
    },
  );
  if (error !== null || binary === undefined) throw new Error(`The guest ${name} does not compile: ${said}`);
  return binary;
}

const source = (name: string) => readFile(join(import.meta.dirname, `${name}.as`), 'utf8');
