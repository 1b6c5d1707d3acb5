const longest = 15;

/** A canonical Huffman code (RFC 1951 section 3.2.2), read one bit at a time: how many codes there are of each length, and the symbols in order. */
export class Huffman {
  private counts: StaticArray<u16> = new StaticArray<u16>(longest + 1);
  private symbols: StaticArray<u16> = new StaticArray<u16>(288);

  /** False when the lengths describe no code: over-subscribed, or incomplete (of which only a single code is allowed). */
  build(lengths: usize, count: i32): bool {
    for (let length = 0; length <= longest; length++) this.counts[length] = 0;
    for (let symbol = 0; symbol < count; symbol++) this.counts[load<u8>(lengths + symbol)]++;
    const offsets = memory.data(32);
    let left = 1;
    let used = 0;
    for (let length = 1; length <= longest; length++) {
      left = (left << 1) - this.counts[length];
      if (left < 0) return false;
      store<u16>(offsets + length * 2, <u16>used);
      used += this.counts[length];
    }
    for (let symbol = 0; symbol < count; symbol++) {
      const length = load<u8>(lengths + symbol);
      if (length === 0) continue;
      const place = offsets + length * 2;
      this.symbols[load<u16>(place)] = <u16>symbol;
      store<u16>(place, load<u16>(place) + 1);
    }
    return left === 0 || (used <= 1 && this.counts[1] === used);
  }

  /** How many codes have this length. */
  @inline
  count(length: i32): i32 {
    return unchecked(this.counts[length]);
  }

  @inline
  symbol(index: i32): i32 {
    return unchecked(this.symbols[index]);
  }
}
