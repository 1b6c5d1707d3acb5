import { Reader } from '../../wasm/reader.ts';

/** AssemblyScript has no names with colons. */
export function renameExport(module: Uint8Array, from: string, to: string): Uint8Array {
  const parts: Uint8Array[] = [module.subarray(0, 8)];
  const file = new Reader(module, 8);
  while (!file.done) {
    const id = file.byte();
    const body = file.take(file.u32());
    const renamed = id === 7 ? rename(body, from, to) : body;
    parts.push(Uint8Array.from([id, ...u32(renamed.length)]), renamed);
  }
  return Buffer.concat(parts);
}

function rename(body: Uint8Array, from: string, to: string): Uint8Array {
  const section = new Reader(body);
  const count = section.u32();
  const parts: Uint8Array[] = [Uint8Array.from(u32(count))];
  for (let left = count; left > 0; left--) {
    const name = section.name();
    const bytes = Buffer.from(name === from ? to : name);
    const start = section.offset;
    section.byte();
    section.u32();
    parts.push(Uint8Array.from(u32(bytes.length)), bytes, body.subarray(start, section.offset));
  }
  return Buffer.concat(parts);
}

function u32(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u32(value >>> 7)];
}
