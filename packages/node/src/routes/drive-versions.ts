import type { Drive } from '@freehold/drive';
import { entry, fileVersion, retention } from '@freehold/protocol';
import { z } from 'zod';
import { callerOf, route } from '../http/route.ts';
import { sendContent } from '../http/send-content.ts';
import { reachOf, type WithCaller } from './reach.ts';

const one = z.strictObject({ id: z.string().min(1).max(128) });
const oneVersion = one.extend({ number: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const setting = (most: number) => z.int().min(0).max(most).nullable().optional();

/** Earlier contents of the caller's files, and how long they and the trash are kept. */
export const driveVersionRoutes = (drive: Drive) => {
  const mine = (call: WithCaller) => drive.of(callerOf(call).account.address);
  const { find } = reachOf(drive);
  return [
    route({
      method: 'GET',
      path: '/api/drive/entries/:id/versions',
      policy: 'session',
      summary: 'Earlier contents of a file, newest first; `before` a number for those that follow',
      params: one,
      query: z.strictObject({
        before: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(200),
      }),
      answer: z.object({ versions: z.array(fileVersion) }),
      handle: async (call) => ({ versions: await (await find(call, call.params.id, 'read')).drive.versions(call.params.id, call.query) }),
    }),
    route({
      method: 'GET',
      path: '/api/drive/entries/:id/versions/:number/content',
      policy: 'session',
      summary: 'The bytes of an earlier content; Range, If-None-Match and HEAD are honoured',
      params: oneVersion,
      query: z.strictObject({ download: z.enum(['0', '1']).default('0') }),
      async handle(call) {
        const { id, number } = call.params;
        const { drive, entry } = await find(call, id, 'read');
        return sendContent(call, {
          file: { ...(await drive.version(id, number)), name: entry.name },
          download: call.query.download === '1',
          open: async (range) => (await drive.readVersion(id, number, { range })).stream,
        });
      },
    }),
    route({
      method: 'POST',
      path: '/api/drive/entries/:id/versions/:number/restore',
      policy: 'session',
      summary: 'Make an earlier content the present one; the present one becomes a version',
      params: oneVersion,
      answer: entry,
      handle: async (call) => (await find(call, call.params.id, 'write')).drive.restoreVersion(call.params.id, call.params.number),
    }),
    route({
      method: 'PATCH',
      path: '/api/drive/entries/:id/versions/:number',
      policy: 'session',
      summary: 'Name a version, which keeps it; null takes the name away',
      params: oneVersion,
      body: z.strictObject({ name: z.string().trim().min(1).max(200).nullable() }),
      answer: fileVersion,
      handle: async (call) =>
        (await find(call, call.params.id, 'write')).drive.nameVersion(call.params.id, call.params.number, call.body.name),
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/entries/:id/versions/:number',
      policy: 'session',
      summary: 'Delete an earlier content for ever',
      params: oneVersion,
      status: 204,
      async handle(call) {
        await (await find(call, call.params.id, 'write')).drive.deleteVersion(call.params.id, call.params.number);
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/retention',
      policy: 'session',
      summary: 'How many earlier contents are kept, for how long, and for how long the trash',
      answer: retention,
      handle: async (call) => mine(call).retention(),
    }),
    route({
      method: 'PATCH',
      path: '/api/drive/retention',
      policy: 'session',
      summary: 'Change that; null goes back to the standard of the node, 0 days are for ever',
      body: z.strictObject({ versions: setting(1000), versionDays: setting(36_500), trashDays: setting(36_500) }),
      answer: retention,
      handle: async (call) => mine(call).setRetention(call.body),
    }),
  ];
};
