import type { OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseRange, type Range } from './range.ts';
import { userContentHeaders } from './user-content.ts';

/** What is sent: the content of an entry, or what it was earlier. Size in bytes, times in milliseconds. */
export type SentContent = { cid?: string | undefined; size: number; name: string; mediaType?: string | undefined; modifiedAt: number };

/** Answers a request for the bytes of a file: Range, If-Range, If-None-Match and HEAD are honoured, and what the bytes are is never trusted. */
export async function sendContent(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  {
    file,
    download,
    headers,
    open,
  }: {
    file: SentContent;
    download: boolean;
    /** Instead of what would be said of the type and the name. */
    headers?: Record<string, string>;
    open: (range: Range | undefined) => Promise<Readable>;
  },
): Promise<unknown> {
  const etag = `"${file.cid}"`;
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'last-modified': new Date(file.modifiedAt).toUTCString(),
  });
  const known = request.headers['if-none-match'];
  if (file.cid && known && (known === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)))
    return reply.code(304).send();
  const mayRange = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const range = mayRange ? parseRange(request.headers.range, file.size) : undefined;
  reply.headers({ ...userContentHeaders({ mediaType: file.mediaType ?? '', name: file.name, download }), ...headers });
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`);
  reply.header('content-length', range ? range.end - range.start + 1 : file.size);
  if (request.method === 'HEAD') {
    // Fastify would say that the content has 0 bytes, because none are sent.
    reply.hijack();
    reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders).end();
    return reply;
  }
  return reply.send(await open(range));
}
