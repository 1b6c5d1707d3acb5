import { RequestError } from '../error.ts';

/** All of a short body. Errors: `body_too_large`. */
export async function readAtMost(content: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > most) throw new RequestError('body_too_large', 413, `This may have at most ${Math.floor(most / 1024)} KiB.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
