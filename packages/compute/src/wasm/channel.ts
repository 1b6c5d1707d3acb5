import { readSync, writeSync } from 'node:fs';
import { encodeFrame, FrameReader, type Frame, type FrameKind } from '../host/frame.ts';

/** The host's end of its one connection: a blocking socket, read and written without an event loop in between. */
export function openChannel({ fd, limit }: { fd: number; limit: number }) {
  const frames = new FrameReader(limit);
  const incoming = Buffer.alloc(65_536);
  const outgoing = Buffer.alloc(65_536);
  /** Jobs that came while an answer was waited for. */
  const waiting: Frame[] = [];

  function next(): Frame | undefined {
    for (;;) {
      const frame = frames.next();
      if (frame !== undefined) return withOwnBody(frame);
      frames.copyLast();
      const length = readSync(fd, incoming);
      if (length === 0) return undefined;
      frames.push(incoming.subarray(0, length));
    }
  }

  /** What a frame brings is used while others are read. */
  function withOwnBody(frame: Frame): Frame {
    return frame.body.length > 0 && frame.body.buffer === incoming.buffer ? { ...frame, body: Buffer.from(frame.body) } : frame;
  }

  return {
    send(kind: FrameKind, head?: unknown, body?: readonly Uint8Array[]): void {
      const bytes = encodeFrame(kind, head, body, outgoing);
      for (let sent = 0; sent < bytes.length;) sent += writeSync(fd, bytes, sent);
    },
    /** Waits for the next frame; undefined when the server is gone. */
    receive: (): Frame | undefined => waiting.shift() ?? next(),
    /** Waits for the answer to what was just sent. */
    answer(kind: FrameKind): Frame {
      for (;;) {
        const frame = next() ?? process.exit(0);
        if (frame.kind === kind) return frame;
        waiting.push(frame);
      }
    },
  };
}
