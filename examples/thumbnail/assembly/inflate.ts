// Decompression of zlib streams (RFC 1950, RFC 1951), handed on in pieces so that memory does not grow with the picture.
import { refuse } from '../../shared/cgi';
import { adler32 } from './checksum';
import { Huffman } from './huffman';

const windowSize: i32 = 32768;
const bufferSize: i32 = windowSize + 131072;

const lengthBases: StaticArray<u16> = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthExtras: StaticArray<u8> = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBases: StaticArray<u16> = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385,
  24577,
];
/** The order in which the lengths of the code for code lengths are written (section 3.2.7). */
const lengthOrder: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Takes what came out. It is called with at most 128 KiB at a time. */
export abstract class Sink {
  abstract take(pointer: usize, length: i32): void;
}

export class Inflate {
  private bits: u32 = 0;
  private bitCount: i32 = 0;
  private readonly buffer: usize = heap.alloc(bufferSize);
  /** Where the next byte goes, and how much has been handed on. */
  private filled: i32 = 0;
  private drained: i32 = 0;
  private checksum: u32 = 1;
  private readonly literals: Huffman = new Huffman();
  private readonly distances: Huffman = new Huffman();
  private readonly lengths: usize = heap.alloc(320);

  constructor(
    private position: usize,
    private end: usize,
    private sink: Sink,
  ) {}

  run(): void {
    const method = this.take(8);
    const flags = this.take(8);
    if ((method & 15) !== 8 || ((method << 8) | flags) % 31 !== 0 || (flags & 32) !== 0) damaged();
    let isLast = false;
    while (!isLast) {
      isLast = this.take(1) === 1;
      const type = this.take(2);
      if (type === 0) this.stored();
      else if (type === 3) damaged();
      else {
        if (type === 1) this.useFixedCodes();
        else this.readCodes();
        this.compressed();
      }
    }
    this.drain();
    this.take(this.bitCount & 7);
    let expected: u32 = 0;
    for (let index = 0; index < 4; index++) expected = (expected << 8) | this.take(8);
    if (expected !== this.checksum) damaged();
  }

  private take(count: i32): u32 {
    while (this.bitCount < count) {
      if (this.position === this.end) refuse('The picture ends too early. Send the whole file.');
      this.bits |= (<u32>load<u8>(this.position++)) << this.bitCount;
      this.bitCount += 8;
    }
    const value = this.bits & ((1 << count) - 1);
    this.bits >>= count;
    this.bitCount -= count;
    return value;
  }

  private symbol(code: Huffman): i32 {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= 15; length++) {
      value |= this.take(1);
      const count = code.count(length);
      if (value - first < count) return code.symbol(index + value - first);
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    damaged();
    return 0;
  }

  private stored(): void {
    this.take(this.bitCount & 7);
    const length: i32 = this.take(16);
    if (length !== <i32>(this.take(16) ^ 0xffff)) damaged();
    for (let index = 0; index < length; index++) this.put(this.take(8));
  }

  private compressed(): void {
    for (;;) {
      const symbol = this.symbol(this.literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        this.put(symbol);
        continue;
      }
      if (symbol > 285) damaged();
      const length = lengthBases[symbol - 257] + <i32>this.take(lengthExtras[symbol - 257]);
      const slot = this.symbol(this.distances);
      if (slot > 29) damaged();
      const distance = distanceBases[slot] + <i32>this.take(slot < 4 ? 0 : (slot >> 1) - 1);
      if (distance > this.filled) damaged();
      for (let index = 0; index < length; index++) {
        // `put` may move the window, so the place to copy from is always counted from where the next byte goes.
        if (this.filled === bufferSize) this.drain();
        this.put(load<u8>(this.buffer + this.filled - distance));
      }
    }
  }

  @inline
  private put(byte: u32): void {
    if (this.filled === bufferSize) this.drain();
    store<u8>(this.buffer + this.filled++, <u8>byte);
  }

  /** Hands on what is new and keeps the last 32 KiB, which is as far back as a distance may reach. */
  private drain(): void {
    const from = this.buffer + this.drained;
    const count = this.filled - this.drained;
    this.checksum = adler32(this.checksum, from, count);
    this.sink.take(from, count);
    const kept = min(this.filled, windowSize);
    memory.copy(this.buffer, this.buffer + this.filled - kept, kept);
    this.filled = kept;
    this.drained = kept;
  }

  private useFixedCodes(): void {
    memory.fill(this.lengths, 8, 144);
    memory.fill(this.lengths + 144, 9, 112);
    memory.fill(this.lengths + 256, 7, 24);
    memory.fill(this.lengths + 280, 8, 8);
    this.literals.build(this.lengths, 288);
    memory.fill(this.lengths, 5, 32);
    this.distances.build(this.lengths, 32);
  }

  private readCodes(): void {
    const literalCount: i32 = this.take(5) + 257;
    const distanceCount: i32 = this.take(5) + 1;
    const orderCount: i32 = this.take(4) + 4;
    if (literalCount > 286 || distanceCount > 30) damaged();
    memory.fill(this.lengths, 0, 320);
    for (let index = 0; index < orderCount; index++) store<u8>(this.lengths + lengthOrder[index], <u8>this.take(3));
    if (!this.literals.build(this.lengths, 19)) damaged();
    memory.fill(this.lengths, 0, 320);
    const total = literalCount + distanceCount;
    for (let index = 0; index < total;) {
      const symbol = this.symbol(this.literals);
      if (symbol < 16) {
        store<u8>(this.lengths + index++, <u8>symbol);
        continue;
      }
      if (symbol === 16 && index === 0) damaged();
      const value = symbol === 16 ? load<u8>(this.lengths + index - 1) : <u8>0;
      const repeat: i32 = symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7);
      if (index + repeat > total) damaged();
      memory.fill(this.lengths + index, value, repeat);
      index += repeat;
    }
    if (load<u8>(this.lengths + 256) === 0) damaged();
    if (!this.literals.build(this.lengths, literalCount)) damaged();
    if (!this.distances.build(this.lengths + literalCount, distanceCount)) damaged();
  }
}

function damaged(): void {
  refuse("The picture's compressed data is damaged. Export it again.");
}
