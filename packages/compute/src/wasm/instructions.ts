import { MalformedWasm, type Reader } from './reader.ts';

/** The instructions that somebody who reads code has to know by name (core spec §5.4). */
export const opcode = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  localGet: 0x20,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i64Const: 0x42,
  i64LessSigned: 0x53,
  i64Subtract: 0x7d,
  i64ShiftRight: 0x88,
  i64ExtendI32: 0xad,
} as const;

/** Instructions after the byte 0xfc whose work grows with the number on top of the stack. */
export const bulk = { memoryInit: 8, memoryCopy: 10, memoryFill: 11, tableInit: 12, tableCopy: 14, tableGrow: 15, tableFill: 17 } as const;

export type Instruction = {
  opcode: number;
  /** What comes after 0xfc or 0xfd. */
  sub: number;
  /** The index of the local or global that it names. */
  index: number;
};

/** One for all, since there are millions: its values are good until the next is read. */
const found: Instruction = { opcode: 0, sub: 0, index: 0 };

/**
 * Reads one instruction of WebAssembly 2.0 with tail calls and leaves the reader behind it. What could make equal runs differ,
 * or leave a function by another way, is refused: threads, exceptions, collected types, relaxed vectors, several memories.
 */
export function readInstruction(reader: Reader): Instruction {
  const code = reader.byte();
  found.opcode = code;
  found.sub = found.index = 0;
  if (code >= 0x45 && code <= 0xc4) return found;
  if (code >= 0x28 && code <= 0x3e) skipMemoryArgument(reader);
  else if (code >= 0x20 && code <= 0x26) found.index = reader.u32();
  else if (code === 0xfc) readBulk(reader);
  else if (code === 0xfd) readVector(reader);
  else readOther(reader, code);
  return found;
}

function readOther(reader: Reader, code: number): void {
  switch (code) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
    case 0x1a:
    case 0x1b:
    case 0xd1:
      return;
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x41:
    case 0x42:
    case 0xd0:
      return reader.skipLeb();
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x12:
    case 0xd2:
      return void reader.u32();
    case 0x0e:
      for (let left = reader.count(100_000, 'targets of a branch'); left >= 0; left--) reader.u32();
      return;
    case 0x11:
    case 0x13:
      reader.u32();
      return void reader.u32();
    case 0x1c:
      return void reader.take(reader.count(1000, 'types of a selection'));
    case 0x3f:
    case 0x40:
      return void reader.take(1);
    case 0x43:
      return void reader.take(4);
    case 0x44:
      return void reader.take(8);
    default:
      throw new MalformedWasm(`it uses the instruction 0x${code.toString(16)}, which cannot be metered`);
  }
}

function readBulk(reader: Reader): void {
  const sub = reader.u32();
  found.sub = sub;
  if (sub > bulk.tableFill) throw new MalformedWasm(`it uses the instruction 0xfc ${sub}, which cannot be metered`);
  if (sub >= 8) reader.u32();
  if (sub === bulk.memoryInit || sub === bulk.memoryCopy || sub === bulk.tableInit || sub === bulk.tableCopy) reader.u32();
}

function readVector(reader: Reader): void {
  const sub = reader.u32();
  found.sub = sub;
  if (sub > 255) throw new MalformedWasm('it uses relaxed vector instructions, whose results differ between processors');
  if (sub <= 11 || (sub >= 84 && sub <= 93)) skipMemoryArgument(reader);
  if (sub === 12 || sub === 13) reader.take(16);
  else if ((sub >= 21 && sub <= 34) || (sub >= 84 && sub <= 91)) reader.take(1);
}

function skipMemoryArgument(reader: Reader): void {
  if (reader.u32() >= 64) throw new MalformedWasm('it uses several memories, which are not supported');
  reader.u32();
}
