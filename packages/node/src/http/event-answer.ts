import type { ServerResponse } from 'node:http';
import { flat, type AnswerHeaders } from './exchange.ts';

/** A caller who has so much still to read is told nothing more of what happens meanwhile. */
const mostUnread = 64 * 1024;

export type EventAnswer = ReturnType<typeof openEventAnswer>;

/**
 * An answer as server-sent events: what is told meanwhile, and at the end the result. Nothing is sent before the first event, so that
 * until then any other answer can be given.
 */
export function openEventAnswer({
  response: raw,
  begin: prepare,
}: {
  response: ServerResponse;
  /** Asked once for what goes before the events. */
  begin: () => AnswerHeaders;
}) {
  let begun = false;

  function begin(): void {
    if (begun) return;
    begun = true;
    raw.writeHead(200, flat({ ...prepare(), 'content-type': 'text/event-stream; charset=utf-8' }));
  }

  return {
    hasBegun: () => begun,
    /** `json` is one value; between its tokens a line break is white space like any other. */
    send(event: string, json: string): void {
      if (raw.destroyed || raw.writableEnded) return;
      begin();
      raw.write(`event: ${event}\ndata: ${json.trim().replaceAll(/[\r\n]+/g, ' ')}\n\n`);
    },
    /** An event that may be left out, when the caller reads slowly. */
    tell(event: string, json: string): void {
      if (raw.writableLength < mostUnread) this.send(event, json);
    },
    end(): void {
      if (begun) raw.end();
    },
  };
}

/** True for a caller who asks for events. */
export const wantsEvents = (accept: string | undefined): boolean => /(^|[\s,])text\/event-stream($|[\s,;])/i.test(accept ?? '');
