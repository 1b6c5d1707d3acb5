/** What the transpiler made of a component: the JavaScript that puts it together, and its core modules, by their names. */
export type Bundle = ReadonlyMap<string, Uint8Array>;

/** The name under which the JavaScript is in a bundle. */
export const glueName = 'component.js';

/** Length of the head (u32le), the head as JSON, then the files one after another. */
export function encodeBundle(files: Iterable<[name: string, bytes: Uint8Array]>): Buffer {
  const list = [...files];
  const head = Buffer.from(JSON.stringify(list.map(([name, { length }]) => [name, length])));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...list.map(([, bytes]) => bytes)]);
}

/** Throws on anything that `encodeBundle` does not write. It is called inside the sandbox only. */
export function decodeBundle(bytes: Uint8Array): Bundle {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const headEnd = 4 + buffer.readUInt32LE(0);
  const list: [string, number][] = JSON.parse(buffer.toString('utf8', 4, headEnd));
  let at = headEnd;
  const files = new Map(list.map(([name, length]) => [name, bytes.subarray(at, (at += length))]));
  if (at !== bytes.length) throw new Error('A bundle that is not whole');
  return files;
}
