import { ByteWriter } from './byte-writer.ts';
import { bulk, opcode, readInstruction } from './instructions.ts';
import type { ParsedModule, Section } from './parse.ts';
import { MalformedWasm, Reader } from './reader.ts';

export type Metered = {
  sections: Section[];
  /** The exported global, a mutable i64: what is left. Below zero when it ran out. */
  fuelName: string;
  /** The export that does what the module wanted done at the start, before anything else is called. */
  startName: string | undefined;
};

/** Bytes that a memory instruction moves for one unit, as a power of two. */
const bytesPerUnit = 3;
const i32 = 0x7f;
const i64 = 0x7e;

/**
 * Rewrites a module so that it counts its own instructions: one unit each, except `block`, `loop`, `else`, `end` and `nop`, which
 * do nothing; and for the instructions that fill, copy or grow, one more for every 8 bytes or every element of a table.
 *
 * Each stretch of code that is run as a whole pays when it is entered, by a subtraction in line. At the entry of functions, at
 * the head of loops and after instructions that work on lengths, what is left is looked at; below zero the module traps. So
 * the count depends on nothing but the program and its input, and nothing that repeats goes on unpaid. Whoever changes what
 * anything costs raises `runtimeEdition` in the protocol, since the same task would come to another end.
 *
 * @throws MalformedWasm when it has instructions that cannot be counted, or whose results differ between machines.
 */
export function meter(module: ParsedModule): Metered {
  const fuel = module.globals;
  const names = new Set(module.exports.map(({ name }) => name));
  const unused = (name: string): string => (names.has(name) || module.otherExports.has(name) ? unused(`${name}'`) : name);
  const fuelName = unused('freehold fuel');
  const start = module.sections.find(({ id }) => id === 8);
  const startName = start && unused('freehold start');

  const added = new Map<number, Section>();
  const body = (id: number) => module.sections.find((section) => section.id === id)?.body;
  // i64, mutable, beginning at zero: whoever runs the module sets it first.
  added.set(6, { id: 6, body: extended(body(6), [[i64, 1, opcode.i64Const, 0, opcode.end]]) });
  const exports = [exported(fuelName, 3, fuel)];
  if (start && startName !== undefined) exports.push(exported(startName, 0, new Reader(start.body).u32()));
  added.set(7, { id: 7, body: extended(body(7), exports) });
  const code = body(10);
  if (code) added.set(10, { id: 10, body: meterCode(code, module, fuel) });

  const sections = module.sections.filter(({ id }) => id !== 8 && !added.has(id));
  for (const section of added.values()) {
    const place = sections.findIndex(({ id }) => order(id) > order(section.id));
    sections.splice(place < 0 ? sections.length : place, 0, section);
  }
  return { sections, fuelName, startName };
}

/** The count of data segments, 12, stands before the code. */
const order = (id: number) => (id === 12 ? 9.5 : id);

function extended(body: Uint8Array | undefined, entries: number[][]): Uint8Array {
  const reader = body && new Reader(body);
  const writer = new ByteWriter();
  writer.u32((reader?.u32() ?? 0) + entries.length);
  if (body && reader) writer.bytes(body, reader.offset, body.length);
  for (const entry of entries) writer.list(entry);
  return writer.result();
}

function exported(name: string, kind: number, index: number): number[] {
  const writer = new ByteWriter();
  const text = Buffer.from(name);
  writer.u32(text.length);
  writer.bytes(text, 0, text.length);
  writer.byte(kind);
  writer.u32(index);
  return [...writer.result()];
}

function meterCode(body: Uint8Array, module: ParsedModule, fuel: number): Uint8Array {
  const reader = new Reader(body);
  const count = reader.count(1_000_000, 'functions');
  const all = new ByteWriter(body.length * 1.5);
  all.u32(count);
  const one = new ByteWriter();
  const imported = module.imports.filter(({ kind }) => kind === 'function').length;
  for (let index = 0; index < count; index++) {
    const size = reader.u32();
    const start = reader.offset;
    reader.take(size);
    const signature = module.types[module.functions[imported + index] ?? -1];
    if (signature === undefined) throw new MalformedWasm('it has code for a function that it does not declare');
    one.clear();
    meterFunction(new Reader(body, start, start + size), one, signature.parameters.length, fuel);
    all.u32(one.length);
    all.append(one);
  }
  return all.result();
}

function meterFunction(reader: Reader, out: ByteWriter, parameters: number, fuel: number): void {
  const groups = reader.count(50_000, 'groups of locals');
  const localsAt = reader.offset;
  let locals = parameters;
  for (let group = 0; group < groups; group++) {
    locals += reader.u32();
    reader.byte();
  }
  const left = locals;
  const length = locals + 1;
  out.u32(groups + 2);
  out.bytes(reader.bytes, localsAt, reader.offset);
  out.list([1, i64, 1, i32]);

  /** The stretch that is being read: where it began, what it costs, and whether it begins where there is to be a look. */
  const stretch = new ByteWriter();
  let copied = reader.offset;
  let cost = 0;
  let looks = true;

  const flush = () => {
    stretch.bytes(reader.bytes, copied, reader.offset);
    copied = reader.offset;
    if (looks) payAndLook(cost);
    else if (cost > 0) pay(cost);
    out.append(stretch);
    stretch.clear();
    cost = 0;
    looks = false;
  };
  const pay = (units: number) => {
    out.op(opcode.globalGet, fuel);
    out.byte(opcode.i64Const);
    out.s64(units);
    out.byte(opcode.i64Subtract);
    out.op(opcode.globalSet, fuel);
  };
  const payAndLook = (units: number) => {
    out.op(opcode.globalGet, fuel);
    out.byte(opcode.i64Const);
    out.s64(units);
    out.byte(opcode.i64Subtract);
    out.op(opcode.localTee, left);
    out.op(opcode.globalSet, fuel);
    look(out);
  };
  const look = (to: ByteWriter) => {
    to.op(opcode.localGet, left);
    to.list([opcode.i64Const, 0, opcode.i64LessSigned, opcode.if, 0x40, opcode.unreachable, opcode.end]);
  };
  /** Between the length and the instruction that uses it. */
  const payByLength = (shift: number) => {
    stretch.op(opcode.globalGet, fuel);
    stretch.op(opcode.localGet, length);
    stretch.byte(opcode.i64ExtendI32);
    stretch.list([opcode.i64Const, shift, opcode.i64ShiftRight, opcode.i64Subtract]);
    stretch.op(opcode.localTee, left);
    stretch.op(opcode.globalSet, fuel);
    look(stretch);
  };

  while (!reader.done) {
    const at = reader.offset;
    const { opcode: code, sub, index } = readInstruction(reader);
    if (code >= 0x20 && code <= 0x22 && index >= locals) throw new MalformedWasm(`it uses local ${index}, which does not exist`);
    if ((code === opcode.globalGet || code === opcode.globalSet) && index >= fuel)
      throw new MalformedWasm(`it uses global ${index}, which does not exist`);
    if (code === opcode.end || code === opcode.else) flush();
    else if (code === opcode.loop) {
      flush();
      looks = true;
    } else if (code !== opcode.block && code !== 0x01) {
      cost++;
      if (endsStretch(code)) flush();
      else if (code === 0xfc && sub >= bulk.memoryInit) {
        const shift = shiftOf(sub);
        if (shift === undefined) continue;
        stretch.bytes(reader.bytes, copied, at);
        copied = at;
        stretch.op(opcode.localTee, length);
        payByLength(shift);
      }
    }
  }
  flush();
}

function endsStretch(code: number): boolean {
  return (
    code === opcode.if ||
    code === opcode.brIf ||
    code === opcode.br ||
    code === opcode.brTable ||
    code === opcode.return ||
    code === opcode.unreachable ||
    code === opcode.returnCall ||
    code === opcode.returnCallIndirect
  );
}

function shiftOf(sub: number): number | undefined {
  if (sub === bulk.memoryInit || sub === bulk.memoryCopy || sub === bulk.memoryFill) return bytesPerUnit;
  if (sub === bulk.tableInit || sub === bulk.tableCopy || sub === bulk.tableFill || sub === bulk.tableGrow) return 0;
  return undefined;
}
