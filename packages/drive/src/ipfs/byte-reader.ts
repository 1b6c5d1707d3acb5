/** Reads a stream of bytes by lengths. Holds no more than what was asked for and one piece of the stream. */
export function byteReader(source: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
  const iterator = source[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array();

  async function more(): Promise<boolean> {
    while (piece.length === 0) {
      signal?.throwIfAborted();
      const next = await iterator.next();
      if (next.done) return false;
      piece = next.value;
    }
    return true;
  }

  return {
    /** Exactly so many bytes; undefined when the stream ends before the first, an error when it ends before the last. */
    async read(length: number): Promise<Uint8Array | undefined> {
      if (length > 0 && !(await more())) return undefined;
      const bytes = Buffer.alloc(length);
      for (let filled = 0; filled < length;) {
        if (!(await more())) throw new RangeError('The stream ends in the middle');
        const part = piece.subarray(0, length - filled);
        bytes.set(part, filled);
        filled += part.length;
        piece = piece.subarray(part.length);
      }
      return bytes;
    },

    async end(): Promise<void> {
      await iterator.return?.();
    },
  };
}
export type ByteReader = ReturnType<typeof byteReader>;
