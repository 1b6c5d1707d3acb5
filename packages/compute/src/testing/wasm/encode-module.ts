/** Encodes small modules by hand, for what no compiler would make. Instructions are given as bytes. */
export type ModuleSource = {
  /** Function imports; they come first in the index space. Types default to [] → []. */
  imports?: { module: string; name: string; parameters?: number[]; results?: number[] }[];
  functions?: { name?: string; parameters?: number[]; results?: number[]; locals?: [count: number, type: number][]; code: number[] }[];
  memory?: [minimum: number, maximum?: number];
  tables?: [minimum: number, maximum?: number][];
  /** Index of the function that runs at the start. */
  start?: number;
  /** Sections put before the last, as they are. */
  extra?: { id: number; body: number[] }[];
};

export const i32 = 0x7f;
export const i64 = 0x7e;
export const f32 = 0x7d;
export const f64 = 0x7c;

export function encodeModule({ imports = [], functions = [], memory, tables = [], start, extra = [] }: ModuleSource): Uint8Array {
  const all = [...imports, ...functions];
  const sections = [
    {
      id: 1,
      body: vector(
        all.map(({ parameters = [], results = [] }) => [
          0x60,
          ...vector(parameters.map((type) => [type])),
          ...vector(results.map((type) => [type])),
        ]),
      ),
    },
    { id: 2, body: vector(imports.map(({ module, name }, index) => [...text(module), ...text(name), 0, ...u32(index)])) },
    { id: 3, body: vector(functions.map((_, index) => u32(imports.length + index))) },
    { id: 4, body: vector(tables.map((limits) => [0x70, ...range(limits)])) },
    { id: 5, body: vector(memory === undefined ? [] : [range(memory)]) },
    {
      id: 7,
      body: vector(
        functions.flatMap(({ name }, index) => (name === undefined ? [] : [[...text(name), 0, ...u32(imports.length + index)]])),
      ),
    },
    { id: 8, body: start === undefined ? [0] : u32(start) },
    {
      id: 10,
      body: vector(
        functions.map(({ locals = [], code }) => sized([...vector(locals.map(([count, type]) => [...u32(count), type])), ...code, 0x0b])),
      ),
    },
  ].filter(({ id, body }) => body[0] !== 0 || (id === 8 && start === 0));
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...[...extra, ...sections].flatMap(({ id, body }) => [id, ...sized(body)])]);
}

export function u32(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u32(value >>> 7)];
}

function range([minimum, maximum]: [number, number?]): number[] {
  return maximum === undefined ? [0, ...u32(minimum)] : [1, ...u32(minimum), ...u32(maximum)];
}

function vector(items: number[][]): number[] {
  return [...u32(items.length), ...items.flat()];
}

function sized(bytes: number[]): number[] {
  return [...u32(bytes.length), ...bytes];
}

function text(value: string): number[] {
  return sized([...Buffer.from(value)]);
}
