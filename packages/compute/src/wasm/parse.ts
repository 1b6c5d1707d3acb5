import { MalformedWasm, Reader } from './reader.ts';

/** The custom section in which a module says which of its functions take or return text: one line each, `greet(string): string`. */
export const abiSection = 'freehold.abi';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref';
export type Signature = { parameters: ValueType[]; results: ValueType[] };
export type Import = { module: string; name: string; kind: 'function' | 'table' | 'memory' | 'global'; signature?: Signature };
export type Export = { name: string; signature: Signature };
/** In units of the thing: 64 KiB pages for a memory, elements for a table. */
export type Limits = { minimum: number; maximum?: number };
export type Section = { id: number; body: Uint8Array };

export type ParsedModule = {
  imports: Import[];
  /** The functions it offers; other exports are not called by anybody. */
  exports: Export[];
  otherExports: Set<string>;
  types: Signature[];
  /** The type of every function, the imported ones first. */
  functions: number[];
  /** How many globals it has. */
  globals: number;
  memory: Limits | undefined;
  tables: Limits[];
  /** In file order, without the custom sections. */
  sections: Section[];
  /** The content of the custom section in which it declares functions that take or return text (`abi.ts`). */
  abi: Uint8Array | undefined;
};

/** Far above what compilers make, and low enough that reading a hostile file costs this process a few megabytes at most. */
const most = { types: 50_000, valueTypes: 1_000_000, imports: 10_000, functions: 1_000_000, exports: 10_000, tables: 100, memories: 1 };

const sectionOrder = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];
const valueTypes = new Map<number, ValueType>([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
  [0x70, 'funcref'],
  [0x6f, 'externref'],
]);
const importKinds = ['function', 'table', 'memory', 'global'] as const;

/**
 * Reads what has to be known of a core module before it is compiled: what it wants and offers, and how much memory and
 * how many table elements it asks for. Code is not read: the engine validates it, inside the sandbox.
 *
 * It accepts WebAssembly 2.0 with one 32-bit memory. Threads, 64-bit memories, exceptions and garbage-collected types are
 * refused: each of them opens a way around the limits.
 *
 * @throws MalformedWasm with a sentence that can be shown to whoever sent the file.
 */
export function parseModule(bytes: Uint8Array): ParsedModule {
  const functions: number[] = [];
  const module: ParsedModule = {
    imports: [],
    exports: [],
    otherExports: new Set(),
    types: [],
    functions,
    globals: 0,
    memory: undefined,
    tables: [],
    ...readSections(bytes),
  };
  const signatureOf = (index: number) => {
    const signature = module.types[index];
    if (signature === undefined) throw new MalformedWasm(`it refers to type ${index}, which does not exist`);
    return signature;
  };

  for (const { id, body } of module.sections) {
    const reader = new Reader(body);
    if (id === 1) module.types = readTypes(reader);
    else if (id === 2) {
      each(reader, most.imports, 'imports', () => {
        const found: Import = { module: reader.name(), name: reader.name(), kind: importKind(reader.byte()) };
        if (found.kind === 'function') {
          const type = reader.u32();
          functions.push(type);
          found.signature = signatureOf(type);
        } else if (found.kind === 'table') readTable(reader);
        else if (found.kind === 'memory') readMemory(reader);
        else {
          reader.take(2);
          module.globals++;
        }
        module.imports.push(found);
      });
    } else if (id === 3) each(reader, most.functions, 'functions', () => functions.push(reader.u32()));
    else if (id === 4) each(reader, most.tables, 'tables', () => module.tables.push(readTable(reader)));
    else if (id === 5) each(reader, most.memories, 'memories', () => (module.memory = readMemory(reader)));
    else if (id === 6) module.globals += reader.u32();
    else if (id === 7) {
      each(reader, most.exports, 'exports', () => {
        const name = reader.name();
        const kind = reader.byte();
        const index = reader.u32();
        if (kind !== 0) {
          module.otherExports.add(name);
          return;
        }
        const type = functions[index];
        if (type === undefined) throw new MalformedWasm(`its export "${name}" is function ${index}, which does not exist`);
        module.exports.push({ name, signature: signatureOf(type) });
      });
    }
  }
  return module;
}

function readSections(bytes: Uint8Array): Pick<ParsedModule, 'sections' | 'abi'> {
  const reader = new Reader(bytes);
  if (bytes.length < 8 || !startsWith(bytes, [0, 0x61, 0x73, 0x6d]))
    throw new MalformedWasm('it does not begin with the WebAssembly magic number');
  if (!startsWith(bytes.subarray(4), [1, 0, 0, 0])) throw new MalformedWasm('it is not version 1 of the binary format');
  reader.offset = 8;
  const sections: Section[] = [];
  let abi: Uint8Array | undefined;
  let place = -1;
  while (!reader.done) {
    const id = reader.byte();
    const body = reader.take(reader.u32());
    if (id === 0) {
      abi ??= abiOf(body);
      continue;
    }
    if (id === 13) throw new MalformedWasm('it uses WebAssembly exceptions, which are not supported');
    const next = sectionOrder.indexOf(id);
    if (next <= place) throw new MalformedWasm(`section ${id} is unknown, repeated or out of order`);
    place = next;
    sections.push({ id, body });
  }
  return { sections, abi };
}

/** Other custom sections may hold anything, even what could not be read. */
function abiOf(body: Uint8Array): Uint8Array | undefined {
  const expected = Buffer.from(abiSection);
  const start = 1 + expected.length;
  return body[0] === expected.length && expected.equals(body.subarray(1, start)) ? body.subarray(start) : undefined;
}

function readTypes(reader: Reader): Signature[] {
  const types: Signature[] = [];
  let total = 0;
  const readList = () => {
    const list: ValueType[] = [];
    each(reader, most.valueTypes, 'value types', () => list.push(valueType(reader.byte())));
    total += list.length;
    if (total > most.valueTypes) throw new MalformedWasm('its function types are too large');
    return list;
  };
  each(reader, most.types, 'types', () => {
    if (reader.byte() !== 0x60) throw new MalformedWasm('it uses garbage-collected types, which are not supported');
    types.push({ parameters: readList(), results: readList() });
  });
  return types;
}

function readTable(reader: Reader): Limits {
  valueType(reader.byte());
  return readLimits(reader, 'table');
}

function readMemory(reader: Reader): Limits {
  const limits = readLimits(reader, 'memory');
  if (limits.minimum > 65_536 || (limits.maximum ?? 0) > 65_536) throw new MalformedWasm('its memory is larger than 4 GiB');
  return limits;
}

function readLimits(reader: Reader, what: 'table' | 'memory'): Limits {
  const flags = reader.byte();
  if (flags > 1) throw new MalformedWasm(`it has a shared or 64-bit ${what}, which is not supported`);
  const minimum = reader.u32();
  return flags === 1 ? { minimum, maximum: reader.u32() } : { minimum };
}

function each(reader: Reader, limit: number, what: string, readOne: () => unknown): void {
  for (let left = reader.count(limit, what); left > 0; left--) readOne();
}

function valueType(code: number): ValueType {
  const type = valueTypes.get(code);
  if (type === undefined) throw new MalformedWasm(`value type 0x${code.toString(16)} is unknown or not supported`);
  return type;
}

function importKind(code: number): Import['kind'] {
  const kind = importKinds[code];
  if (kind === undefined) throw new MalformedWasm(`an import of kind ${code} is unknown or not supported`);
  return kind;
}

function startsWith(bytes: Uint8Array, expected: number[]): boolean {
  return expected.every((byte, index) => bytes[index] === byte);
}
