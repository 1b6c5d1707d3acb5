import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnswerSink, FunctionHead } from '@freehold/compute';
import { flat, type AnswerHeaders } from './exchange.ts';

/** A program that ends within this time of its first output gets a plain answer, with its length and receipt in front. */
const patienceMs = 20;
/** As much as that may wait for it. */
const mostWaiting = 64 * 1024;
const nothing = Buffer.alloc(0);

export type AnswerStream = ReturnType<typeof openAnswerStream>;

/**
 * Sends a function's answer while the program writes it, in chunks, holding the program back when the caller reads slowly. What
 * is known at the end only comes in trailers. `begin` is asked for what goes before the body, once. A program is held back for `holdMs`
 * at most: by then it was stopped, and a caller who reads nothing must not keep its place in the sandbox.
 */
export function openAnswerStream({
  request,
  response: raw,
  begin: prepare,
  trailers,
  holdMs,
}: {
  request: IncomingMessage;
  response: ServerResponse;
  begin: (head: FunctionHead) => { status: number; headers: AnswerHeaders };
  trailers: readonly string[];
  holdMs: number;
}) {
  let head: FunctionHead | undefined;
  let waiting: Buffer[] = [];
  let size = 0;
  let begun = false;
  let takesTrailers = false;
  let timer: NodeJS.Timeout | undefined;
  let holdUntil = 0;

  const drained = () =>
    new Promise<void>((resolve) => {
      const go = () => {
        clearTimeout(late);
        raw.off('drain', go);
        raw.off('close', go);
        resolve();
      };
      const late = setTimeout(go, Math.max(0, holdUntil - performance.now()));
      raw.on('drain', go);
      raw.on('close', go);
    });

  function begin(): void | Promise<void> {
    clearTimeout(timer);
    if (begun || !head) return;
    begun = true;
    const { status, headers } = prepare(head);
    // Without chunks (HTTP/1.0, 204, 304) there is nothing after them.
    takesTrailers = request.httpVersion === '1.1' && head.status !== 204 && head.status !== 304;
    if (takesTrailers) headers['trailer'] = trailers.join(', ');
    raw.writeHead(status, flat(headers));
    raw.flushHeaders();
    const bytes = Buffer.concat(waiting);
    waiting = [];
    if (bytes.length > 0) return write(bytes);
  }

  /** Nobody waits for the timer, so nobody would hear what goes wrong in it. */
  function beginLate(): void {
    try {
      void begin();
    } catch {
      breakOff();
    }
  }

  /** Breaks the connection off, so that the caller sees that the answer is not whole. */
  function breakOff(): void {
    clearTimeout(timer);
    raw.destroy();
  }

  /** A caller who has gone takes nothing more; his run is stopped by other means. */
  function write(chunk: Buffer): void | Promise<void> {
    if (raw.destroyed || raw.write(chunk)) return;
    return drained();
  }

  const sink: AnswerSink = {
    head(given) {
      head = given;
      holdUntil = performance.now() + holdMs;
      timer = setTimeout(beginLate, patienceMs);
    },
    body(chunk) {
      if (begun) return write(chunk);
      waiting.push(chunk);
      size += chunk.length;
      if (size > mostWaiting) return begin();
    },
  };

  return {
    sink,
    /** Whether the head is on its way to the caller. */
    hasBegun: () => begun,
    /** The whole body of an answer that has ended before anything was sent; undefined when nothing went through here. */
    take(): Buffer | undefined {
      clearTimeout(timer);
      if (!head) return undefined;
      const [only = nothing] = waiting;
      return waiting.length > 1 ? Buffer.concat(waiting) : only;
    },
    end(values: Readonly<Record<string, string>>): void {
      if (takesTrailers) raw.addTrailers(values);
      raw.end();
    },
    breakOff,
  };
}
