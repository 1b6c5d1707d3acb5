import type { IncomingMessage } from 'node:http';
import { ComputeError } from '@freehold/compute';

/** Reads the input of a function, at most as long as its offer takes. Errors: `input_too_large` 413, before more than the limit is held. */
export async function readInput(stream: IncomingMessage, limit: number): Promise<Buffer> {
  const refusal = () =>
    new ComputeError('input_too_large', 413, `This function takes at most ${limit} bytes of input.`, { details: { limit } });
  if (Number(stream.headers['content-length'] ?? 0) > limit) throw refusal();
  const chunks: Buffer[] = [];
  let size = 0;
  // A refusal must still be answered, so the request is not destroyed with its iterator.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw refusal();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
