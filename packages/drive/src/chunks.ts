import { FreeholdError } from '@freehold/protocol';
import { leafSize } from './cid.ts';
import { DriveError } from './error.ts';

/** A file of at most this many bytes never needs more than its first, small buffer. */
export const smallSize = 64 * 1024;

export type ChunkOptions = {
  signal: AbortSignal;
  /** Gives a buffer of `leafSize` bytes to fill. Whoever receives a full chunk may give its buffer back for reuse. */
  take: () => Buffer<ArrayBuffer>;
};

/**
 * Cuts a stream into chunks of exactly `leafSize` bytes; only the last may be shorter, and an empty stream is one empty chunk.
 * The bytes are copied, so the source may reuse its buffers.
 * Errors: `upload_incomplete` when the source breaks; the signal's reason when it is aborted, also while the source stalls.
 */
export async function* chunksOf(source: AsyncIterable<Uint8Array>, { signal, take }: ChunkOptions): AsyncGenerator<Buffer<ArrayBuffer>> {
  let buffer: Buffer<ArrayBuffer> | undefined = Buffer.allocUnsafeSlow(smallSize);
  let filled = 0;
  for await (const piece of abortable(source, signal)) {
    for (let offset = 0; offset < piece.length;) {
      if (!buffer) buffer = take();
      else if (filled === buffer.length) buffer = grown(buffer, take());
      const length = Math.min(buffer.length - filled, piece.length - offset);
      buffer.set(piece.subarray(offset, offset + length), filled);
      filled += length;
      offset += length;
      if (filled < leafSize) continue;
      yield buffer;
      buffer = undefined;
      filled = 0;
    }
  }
  if (buffer) yield buffer.subarray(0, filled);
}

function grown(small: Buffer, large: Buffer<ArrayBuffer>) {
  small.copy(large);
  return large;
}

async function* abortable(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const result = await nextOf(iterator, signal);
      ended = result.done === true;
      if (ended) return;
      yield result.value;
    }
  } finally {
    // Not awaited: a stalled source would hold up the one who gave up on it.
    if (!ended) iterator.return?.().catch(() => {});
  }
}

/** One listener for each step, removed after it: racing against one long-lived promise would keep something of every chunk. */
function nextOf(iterator: AsyncIterator<Uint8Array>, signal: AbortSignal): Promise<IteratorResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    iterator
      .next()
      .then(resolve, (cause: unknown) => reject(cause instanceof FreeholdError ? cause : broken(cause)))
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

const broken = (cause: unknown) =>
  new DriveError('upload_incomplete', 'The upload broke off before all of it had arrived. Nothing was stored; send it again.', { cause });
