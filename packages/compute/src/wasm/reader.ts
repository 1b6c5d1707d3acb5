/** Said of bytes that are not a well-formed module, with the place where reading stopped. */
export class MalformedWasm extends Error {}

/** Reads the primitives of the WebAssembly binary format (core spec §5.2) and never past the end it was given. */
export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    const value = this.offset < this.end ? this.bytes[this.offset] : undefined;
    if (value === undefined) throw new MalformedWasm(`the file ends unexpectedly at byte ${this.offset}`);
    this.offset++;
    return value;
  }

  /** Unsigned LEB128, at most five bytes and 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new MalformedWasm(`a number is too large at byte ${this.offset}`);
  }

  /** A number of any size and sign, without its value. */
  skipLeb(): void {
    for (let length = 1; this.byte() >= 0x80; length++)
      if (length === 10) throw new MalformedWasm(`a number is too large at byte ${this.offset}`);
  }

  /** A count of entries that take at least one byte each, so it can never promise more than the bytes that are left. */
  count(limit: number, what: string): number {
    const count = this.u32();
    if (count > limit) throw new MalformedWasm(`it has ${count} ${what}; at most ${limit} are accepted`);
    if (count > this.end - this.offset) throw new MalformedWasm(`it promises ${count} ${what} but ends before them`);
    return count;
  }

  name(): string {
    const length = this.u32();
    if (length > 1024) throw new MalformedWasm(`a name of ${length} bytes at byte ${this.offset}; at most 1024 are accepted`);
    return utf8(this.take(length));
  }

  take(length: number): Uint8Array {
    const start = this.offset;
    if (length > this.end - start) throw new MalformedWasm(`the file ends unexpectedly at byte ${this.end}`);
    this.offset += length;
    return this.bytes.subarray(start, start + length);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new MalformedWasm('a name is not valid UTF-8');
  }
}
