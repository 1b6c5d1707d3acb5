import type { Drive } from '@freehold/drive';
import { fileFacts, found } from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { callerOf, route } from '../http/route.ts';
import { sandboxHeaders } from '../http/user-content.ts';
import { reachOf } from './reach.ts';

/** How long a request for a thumbnail waits until it is made. */
const patienceMs = 5_000;
const one = z.strictObject({ id: z.string().min(1).max(128) });

export const searchRoutes = (drive: Drive) => {
  const { find } = reachOf(drive);
  return [
    route({
      method: 'GET',
      path: '/api/drive/search',
      policy: 'session',
      summary: 'Files and folders of the caller by names and content. A page may be empty and still have a next',
      query: z.strictObject({
        text: z.string().min(1).max(256),
        in: z.enum(['names', 'content', 'everything']).default('everything'),
        after: z.string().max(64).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      answer: z.object({ entries: z.array(found), next: z.string().nullable() }),
      async handle(call) {
        const { entries, next } = await drive.of(callerOf(call).account.address).search(call.query);
        return { entries, next: next ?? null };
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/files/:id/thumbnail',
      policy: 'session',
      summary: 'A small WebP of an entry: 404 when it has none, 503 with Retry-After when it is not made yet',
      params: one,
      async handle(call) {
        const { request, reply } = call;
        const place = await find(call, call.params.id, 'read');
        const thumbnail = await place.drive.thumbnail(call.params.id, { wait: patienceMs });
        if (thumbnail === 'pending') {
          reply.header('retry-after', '2');
          throw new RequestError('thumbnail_pending', 503, 'The picture of this file is not made yet. Ask again in a moment.');
        }
        if (!thumbnail) throw new RequestError('not_found', 404, 'There is no picture of this entry.');
        const etag = `"${thumbnail.tag}"`;
        reply.headers({ etag, 'cache-control': 'private, max-age=60', ...sandboxHeaders });
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        return reply.header('content-type', 'image/webp').send(Buffer.from(thumbnail.bytes));
      },
    }),
    route({
      method: 'PUT',
      path: '/api/drive/files/:id/thumbnail',
      policy: 'session',
      summary: 'Give an entry a picture: a data URL of an image of at most 512 KiB, or null to take it away',
      params: one,
      body: z.strictObject({
        thumbnail: z
          .string()
          .max(512 * 1024)
          .nullable(),
      }),
      status: 204,
      async handle(call) {
        const place = await find(call, call.params.id, 'write');
        await place.drive.setThumbnail(call.params.id, call.body.thumbnail);
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/files/:id/facts',
      policy: 'session',
      summary: 'What a picture or PDF says of itself: size, camera, time, pages, title; empty when nothing is known',
      params: one,
      answer: fileFacts,
      async handle(call) {
        const place = await find(call, call.params.id, 'read');
        return (await place.drive.facts(call.params.id, { wait: patienceMs })) ?? {};
      },
    }),
  ];
};
