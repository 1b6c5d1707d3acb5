import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { encodeBundle } from './bundle.ts';

/** Named in what is kept of its work, so that a new version makes everything anew. */
export const jcoVersion = '0.15.0';

/** The transpiler, read once when the first component comes: it is sent to the process that runs it, and never runs in this one. */
export const readJco: () => Promise<Buffer> = () => (read ??= load());
let read: Promise<Buffer> | undefined;

async function load(): Promise<Buffer> {
  const entry = import.meta.resolve('@bytecodealliance/jco-transpile/component');
  const besides = ['js-component-bindgen-component.core.wasm', 'js-component-bindgen-component.core2.wasm'];
  const bytesOf = (url: string | URL) => readFile(fileURLToPath(url));
  return encodeBundle([
    ['jco.js', await bytesOf(entry)],
    ...(await Promise.all(besides.map(async (name): Promise<[string, Buffer]> => [name, await bytesOf(new URL(name, entry))]))),
  ]);
}
