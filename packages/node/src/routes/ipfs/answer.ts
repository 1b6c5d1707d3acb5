import type { OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What is answered: everything but the transport. */
export type Answer = {
  status: number;
  headers: Record<string, string | number>;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
};

/** Whether the caller has what an entity tag names: a list, weak or not, or a star. */
export const isKnown = (header: string | undefined, etag: string): boolean =>
  header !== undefined && (header.trim() === '*' || header.split(',').some((tag) => strong(tag.trim()) === strong(etag)));

const strong = (tag: string) => tag.replace(/^W\//, '');

/** Sends it; nothing but the headers to HEAD, and 304 to who has it. A body that fails in the middle ends the connection. */
export function sendAnswer(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { status, headers, body }: Answer,
): unknown {
  const { etag } = headers;
  if (status < 300 && typeof etag === 'string' && isKnown(request.headers['if-none-match'], etag)) {
    const { 'content-length': _length, 'content-type': _type, ...kept } = headers;
    return reply.code(304).headers(kept).send();
  }
  reply.code(status).headers(headers);
  if (request.method === 'HEAD') {
    // Fastify would say that the content has 0 bytes, because none are sent.
    reply.hijack();
    reply.raw.writeHead(status, reply.getHeaders() as OutgoingHttpHeaders).end();
    return reply;
  }
  if (body === undefined) return reply.send();
  if (typeof body === 'string') return reply.send(body);
  return reply.send(body instanceof Uint8Array ? Buffer.from(body) : Readable.from(body, { objectMode: false }));
}

export function redirect(location: string, status = 301): Answer {
  return {
    status,
    headers: { location, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' },
    body: `See ${location}\n`,
  };
}

/** RFC 6266 and 8187: a plain name for old programs, the whole one for the others. */
export function disposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (c) => `%${c.codePointAt(0)?.toString(16).toUpperCase()}`);
  return plain === name ? `${kind}; filename="${plain}"` : `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
