// Compression (RFC 1951) with the fixed code and matches to the last place where the same three bytes stood.
import { Bytes } from '../../shared/bytes';
import { adler32 } from './checksum';

const window: i32 = 32768;
const hashBits: u32 = 14;
const longestMatch: i32 = 258;

/** A zlib stream of one block. */
export class Deflate {
  private bits: u32 = 0;
  private bitCount: i32 = 0;

  constructor(private readonly out: Bytes) {}

  run(from: usize, length: i32): void {
    const out = this.out;
    out.push(0x78);
    out.push(0x9c);
    this.put(3, 3); // last block, fixed code
    const places = heap.alloc(4 << hashBits);
    memory.fill(places, 0xff, 4 << hashBits);
    for (let index = 0; index < length;) {
      let match = 0;
      let distance = 0;
      if (index + 3 <= length) {
        const place = places + hash(from + index) * 4;
        const candidate = load<i32>(place);
        store<i32>(place, index);
        if (candidate >= 0 && index - candidate <= window) {
          match = commonLength(from + candidate, from + index, min(longestMatch, length - index));
          distance = index - candidate;
        }
      }
      if (match >= 4) {
        this.length(match);
        this.distance(distance);
        index += match;
      } else this.literal(load<u8>(from + index++));
    }
    this.literal(256);
    if (this.bitCount > 0) out.push(this.bits & 0xff);
    const checksum = adler32(1, from, length);
    for (let shift = 24; shift >= 0; shift -= 8) out.push((checksum >> shift) & 0xff);
  }

  /** Bits that are not codes go lowest first (section 3.1.1). */
  private put(value: u32, count: i32): void {
    this.bits |= value << this.bitCount;
    this.bitCount += count;
    while (this.bitCount >= 8) {
      this.out.push(this.bits & 0xff);
      this.bits >>= 8;
      this.bitCount -= 8;
    }
  }

  /** Codes go highest bit first. */
  private code(value: u32, count: i32): void {
    let reversed: u32 = 0;
    for (let index = 0; index < count; index++) reversed |= ((value >> index) & 1) << (count - 1 - index);
    this.put(reversed, count);
  }

  /** Section 3.2.6. */
  private literal(symbol: u32): void {
    if (symbol < 144) this.code(0x30 + symbol, 8);
    else if (symbol < 256) this.code(0x190 + symbol - 144, 9);
    else if (symbol < 280) this.code(symbol - 256, 7);
    else this.code(0xc0 + symbol - 280, 8);
  }

  /** Section 3.2.5: groups of four lengths share the number of their extra bits. */
  private length(length: i32): void {
    if (length === longestMatch) return this.literal(285);
    const value: u32 = length - 3;
    if (value < 8) return this.literal(257 + value);
    const extra: i32 = 29 - clz(value);
    this.literal(257 + (extra << 2) + (value >> extra));
    this.put(value & ((1 << extra) - 1), extra);
  }

  /** The same with groups of two. */
  private distance(distance: i32): void {
    const value: u32 = distance - 1;
    if (value < 4) return this.code(value, 5);
    const extra: i32 = 30 - clz(value);
    this.code((extra << 1) + (value >> extra), 5);
    this.put(value & ((1 << extra) - 1), extra);
  }
}

function hash(pointer: usize): u32 {
  const three = <u32>load<u8>(pointer) | ((<u32>load<u8>(pointer, 1)) << 8) | ((<u32>load<u8>(pointer, 2)) << 16);
  return (three * 0x9e3779b1) >> (32 - hashBits);
}

function commonLength(a: usize, b: usize, limit: i32): i32 {
  let length = 0;
  while (length < limit && load<u8>(a + length) === load<u8>(b + length)) length++;
  return length;
}
