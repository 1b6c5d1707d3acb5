import type { IncomingMessage } from 'node:http';
import { ComputeError } from '@freehold/compute';
import { RequestError } from '../error.ts';

/** How long a caller may be silent while it sends its input. */
const silenceMs = 30_000;

export type InputReader = ReturnType<typeof openInputReader>;

/**
 * Reads the inputs of functions into memory, each at most as long as its offer takes, and all of them together at most
 * `totalBytes`: they come before the payment can be checked, so strangers must not be able to fill the memory with them.
 */
export function openInputReader({ totalBytes }: { totalBytes: number }) {
  let held = 0;

  return {
    /**
     * Hands the input to `use`, and lets go of it when that has ended. Errors: `input_too_large` 413, `too_many_requests`
     * 429, `invalid_request` 408.
     */
    async with<Result>(stream: IncomingMessage, limit: number, use: (input: Buffer) => Promise<Result>): Promise<Result> {
      const tooLarge = () =>
        new ComputeError('input_too_large', 413, `This function takes at most ${limit} bytes of input.`, { details: { limit } });
      if (Number(stream.headers['content-length'] ?? 0) > limit) throw tooLarge();
      const chunks: Buffer[] = [];
      let size = 0;
      const silence = setTimeout(() => stream.destroy(silent), silenceMs);
      try {
        // A refusal must still be answered, so the request is not destroyed with its iterator.
        for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
          size += chunk.length;
          held += chunk.length;
          if (size > limit) throw tooLarge();
          if (held > totalBytes) throw busy;
          chunks.push(chunk);
          silence.refresh();
        }
        clearTimeout(silence);
        return await use(Buffer.concat(chunks, size));
      } finally {
        clearTimeout(silence);
        held -= size;
      }
    },
  };
}

const busy = new RequestError('too_many_requests', 429, 'This node holds as much input as it can. Send the request again in a moment.');
const silent = new RequestError('invalid_request', 408, 'The input stopped coming. Send the request again.');
