/** Bytes of a WebAssembly module being written, in one growing buffer. */
export class ByteWriter {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(expected = 1024) {
    this.#buffer = new Uint8Array(Math.max(64, Math.ceil(expected)));
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#length + more, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  list(values: readonly number[]): void {
    this.#reserve(values.length);
    for (const value of values) this.#buffer[this.#length++] = value;
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.#buffer.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  append(other: ByteWriter): void {
    this.bytes(other.#buffer, 0, other.#length);
  }

  /** Unsigned LEB128. */
  u32(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a number that is not negative. */
  s64(value: number): void {
    let rest = value;
    while (rest >= 0x40) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** An instruction with one index. */
  op(code: number, index: number): void {
    this.byte(code);
    this.u32(index);
  }

  result(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }
}
