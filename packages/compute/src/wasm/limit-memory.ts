import type { Limits, ParsedModule } from './parse.ts';
import { Reader } from './reader.ts';

/** Under which name a rewritten module asks for the memory that it defined itself before. */
export const memoryImport = { module: 'freehold', name: 'memory' };

/**
 * Turns the memory a module defines into an import, so that the host decides how far it can grow: each job brings a memory
 * with its own maximum, and one compiled module serves jobs with different limits. Indices do not move, since a module has
 * at most one memory. Custom sections are left out.
 */
export function importMemory({ sections, memory }: ParsedModule): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)];
  const imports = sections.find(({ id }) => id === 2)?.body;
  let written = memory === undefined;
  for (const { id, body } of sections) {
    if (!written && memory !== undefined && id >= 2) {
      parts.push(...section(2, withMemory(imports, memory)));
      written = true;
    }
    const replaced = memory !== undefined && (id === 2 || id === 5);
    if (!replaced) parts.push(...section(id, body));
  }
  return Buffer.concat(parts);
}

function withMemory(imports: Uint8Array | undefined, { minimum, maximum = 65_536 }: Limits): Uint8Array {
  const entry = [...name(memoryImport.module), ...name(memoryImport.name), 2, 1, ...u32(minimum), ...u32(maximum)];
  if (imports === undefined) return Uint8Array.from([1, ...entry]);
  const reader = new Reader(imports);
  const count = reader.u32();
  return Buffer.concat([Uint8Array.from(u32(count + 1)), imports.subarray(reader.offset), Uint8Array.from(entry)]);
}

function section(id: number, body: Uint8Array): Uint8Array[] {
  return [Uint8Array.from([id, ...u32(body.length)]), body];
}

function name(text: string): number[] {
  const bytes = Buffer.from(text);
  return [...u32(bytes.length), ...bytes];
}

function u32(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}
