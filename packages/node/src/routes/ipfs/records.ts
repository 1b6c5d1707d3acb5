import type { Drive } from '@freehold/drive';
import type { Answer } from './answer.ts';
import { disposition } from './answer.ts';
import type { Place } from './place.ts';

/** A signed record, as it was signed: who asks verifies it. */
export async function recordAnswer(published: Drive['published'], { name, query }: Place, now: number): Promise<Answer> {
  const { bytes, ttl, validUntil, name: proper, sequence } = await published.record(name);
  const maxAge = Math.max(0, Math.floor(Math.min(ttl, validUntil - now) / 1000));
  return {
    status: 200,
    headers: {
      'content-type': 'application/vnd.ipfs.ipns-record',
      'content-length': bytes.length,
      'content-disposition': disposition('attachment', query.get('filename') ?? `${proper}.ipns-record`),
      'cache-control': `public, max-age=${maxAge}`,
      etag: `"${proper}.ipns-record.${sequence}.${validUntil}"`,
      'x-content-type-options': 'nosniff',
    },
    body: bytes,
  };
}
