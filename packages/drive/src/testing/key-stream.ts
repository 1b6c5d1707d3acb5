import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that only the seed decides, in pieces: the ChaCha20 key stream that Kubo's own test vectors are made of. */
export async function* keyStream(seed: string, size: number, piece = 65_536): AsyncGenerator<Uint8Array> {
  const cipher = createCipheriv('chacha20', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  const zeros = Buffer.alloc(piece);
  for (let left = size; left > 0; left -= piece) yield cipher.update(left < piece ? zeros.subarray(0, left) : zeros);
}

export const textStream = async function* (text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
};

export async function sha256Of(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of stream) hash.update(piece);
  return hash.digest('hex');
}
