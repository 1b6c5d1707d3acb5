/** A stream that goes out while it is written is handed on at most this often, and in pieces of about this size: see `Output`. */
const pieceMs = 2;
const pieceBytes = 32 * 1024;
const empty = new Uint8Array(0);

/**
 * What a program wrote to a stream, up to a limit in bytes. One growing buffer, since programs write byte by byte too. With
 * `pass`, what is there is handed on when the program writes again two milliseconds later, and when it pauses: one that ends
 * at once has its output whole and in one piece.
 */
export class Output {
  readonly limit: number;
  readonly #pass: ((bytes: Uint8Array) => void) | undefined;
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;
  #passed = 0;
  #passedAt = 0;

  /** `room` is where it begins; what stood there before is not seen. */
  constructor(limit: number, pass?: (bytes: Uint8Array) => void, room = empty) {
    this.#buffer = room;
    this.limit = limit;
    this.#pass = pass;
    if (pass) this.#passedAt = performance.now();
  }

  /** What was not handed on. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Keeps what fits and says whether all of it did. */
  append(bytes: Uint8Array): boolean {
    const room = this.limit - this.#passed;
    const length = Math.min(this.#length + bytes.length, room);
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(room, Math.max(length, 2 * this.#buffer.length, 256)));
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes.subarray(0, length - this.#length), this.#length);
    const fits = this.#length + bytes.length <= room;
    this.#length = length;
    if (this.#pass && (length >= pieceBytes || performance.now() - this.#passedAt >= pieceMs)) this.flush();
    return fits;
  }

  /** Hands on what is there: the program pauses. */
  flush(): void {
    if (!this.#pass || this.#length === 0) return;
    this.#pass(this.bytes);
    this.#passed += this.#length;
    this.#length = 0;
    this.#passedAt = performance.now();
  }
}
