import type { IncomingMessage } from 'node:http';

/**
 * The body of a request as content to be stored, with the size that it announces. A refusal in mid-stream must still be answered, so
 * the request is not destroyed with its iterator.
 */
export function incoming({ stream, signal }: { stream: IncomingMessage; signal: AbortSignal }): {
  content: AsyncIterable<Uint8Array>;
  signal: AbortSignal;
  size?: number;
} {
  const length = stream.headers['content-length'];
  return {
    content: stream.iterator({ destroyOnReturn: false }),
    signal,
    ...(length !== undefined && { size: Number(length) }),
  };
}
