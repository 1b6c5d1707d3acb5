import type { Dialect } from './dialect.ts';

/** Public content by CID: nobody signs in, every origin may read. */
export const gateway: Dialect = {
  credential: () => undefined,
  // No body is read; a limit must be at least one byte.
  json: { types: [], limit: 1 },
  crossOrigin: true,
  headers: () => ({
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': 'Content-Type, Range, User-Agent, X-Requested-With',
    'access-control-expose-headers': 'Content-Range, Content-Length, X-Ipfs-Path, X-Ipfs-Roots, X-Chunked-Output, X-Stream-Output',
  }),
  failure: ({ message, status }) => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${message}\n` }),
};
