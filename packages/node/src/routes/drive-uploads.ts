import type { Drive, Upload } from '@freehold/drive';
import { entry, fileUpload, type FileUpload } from '@freehold/protocol';
import { z } from 'zod';
import { incoming } from '../http/incoming.ts';
import { callerOf, route } from '../http/route.ts';
import { reachOf, type WithCaller } from './reach.ts';

const one = z.strictObject({ id: z.string().min(1).max(128) });
const onConflict = z.enum(['fail', 'replace', 'rename']);

/** Files that arrive in parts: what has arrived outlives a lost connection and a restart, so an upload can go on where it was. */
export const driveUploadRoutes = (drive: Drive) => {
  const { find } = reachOf(drive);
  const by = (call: WithCaller) => ({ account: callerOf(call).account.address, app: undefined });
  return [
    route({
      method: 'POST',
      path: '/api/drive/uploads',
      policy: 'session',
      summary: 'Begin an upload in parts, or find the one that was begun with the same fingerprint',
      body: z.strictObject({
        parent: z.string().min(1).max(128),
        name: z.string().min(1).max(1024),
        size: z.int().nonnegative(),
        mediaType: z
          .string()
          .max(255)
          .regex(/^[\w.+-]+\/[\w.+-]+$/)
          .optional(),
        onConflict: onConflict.default('fail'),
        fingerprint: z.string().min(1).max(128).optional(),
      }),
      answer: fileUpload,
      status: 201,
      async handle(call) {
        const { owner } = await find(call, call.body.parent, 'write');
        return toFileUpload(await drive.uploads.begin({ ...call.body, by: by(call), owner }));
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/uploads/:id',
      policy: 'session',
      summary: 'Which parts of an upload have arrived',
      params: one,
      answer: fileUpload,
      handle: async (call) => toFileUpload(await drive.uploads.find(call.params.id, by(call))),
    }),
    route({
      method: 'PUT',
      path: '/api/drive/uploads/:id/parts/:number',
      policy: 'session',
      summary: 'Send one part, numbered from 1: the request body is its bytes. A part may be sent again',
      params: one.extend({ number: z.coerce.number().int().positive() }),
      body: 'stream',
      answer: z.object({ etag: z.string(), size: z.int() }),
      async handle(call) {
        const { id, number } = call.params;
        await drive.uploads.find(id, by(call));
        return drive.uploads.writePart({ id, number, ...incoming(call) });
      },
    }),
    route({
      method: 'POST',
      path: '/api/drive/uploads/:id/complete',
      policy: 'session',
      summary: 'Put the file in its folder, when all parts have arrived',
      params: one,
      body: z.strictObject({ onConflict: onConflict.optional() }),
      answer: entry,
      status: 201,
      async handle(call) {
        const check = ({ parent }: { parent: string }) => find(call, parent, 'write');
        return (await drive.uploads.complete(call.params.id, { by: by(call), check, ...call.body })).entry;
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/uploads/:id',
      policy: 'session',
      summary: 'Give an upload up, with all that has arrived',
      params: one,
      status: 204,
      async handle(call) {
        await drive.uploads.abort(call.params.id, by(call));
      },
    }),
  ];
};

const toFileUpload = ({ id, partSize, partCount, received, expiresAt }: Upload): FileUpload => ({
  id,
  partSize,
  partCount,
  received,
  expiresAt,
});
