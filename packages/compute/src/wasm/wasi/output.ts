/** What a program wrote to a stream, up to a limit in bytes. One growing buffer, since programs write byte by byte too. */
export class Output {
  readonly #limit: number;
  #buffer = new Uint8Array(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Keeps what fits and says whether all of it did. */
  append(bytes: Uint8Array): boolean {
    const length = Math.min(this.#length + bytes.length, this.#limit);
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(this.#limit, Math.max(length, 2 * this.#buffer.length, 256)));
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes.subarray(0, length - this.#length), this.#length);
    const fits = this.#length + bytes.length <= this.#limit;
    this.#length = length;
    return fits;
  }
}
