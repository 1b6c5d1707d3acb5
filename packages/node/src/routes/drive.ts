import type { Drive, Page } from '@freehold/drive';
import { entry, entryList, usage, type EntryList } from '@freehold/protocol';
import { z } from 'zod';
import { incoming } from '../http/incoming.ts';
import { callerOf, route } from '../http/route.ts';
import { sendContent } from '../http/send-content.ts';
import { reachOf, type WithCaller } from './reach.ts';

const entryId = z.string().min(1).max(128);
const name = z.string().min(1).max(1024);
const one = z.strictObject({ id: entryId });
const page = z.strictObject({ after: z.string().max(2048).optional(), limit: z.coerce.number().int().min(1).max(1000).default(200) });
const toList = ({ entries, next }: Page): EntryList => ({ entries, next: next ?? null });

/** Absent query fields are left out, as exact optional types ask. */
const withoutUndefined = <Query extends { after?: string | undefined }>({ after, ...rest }: Query) => ({
  ...rest,
  ...(after !== undefined && { after }),
});

export const driveRoutes = (drive: Drive) => {
  const mine = (call: WithCaller) => drive.of(callerOf(call).account.address);
  const { find } = reachOf(drive);
  return [
    route({
      method: 'GET',
      path: '/api/drive/root',
      policy: 'session',
      summary: 'The root folder of the caller',
      answer: entry,
      handle: async (call) => mine(call).root(),
    }),
    route({
      method: 'GET',
      path: '/api/drive/entries',
      policy: 'session',
      summary: 'What a folder holds, by name, in pages',
      query: page.extend({ parent: entryId }),
      answer: entryList,
      handle: async (call) => toList(await (await find(call, call.query.parent, 'list')).drive.list(withoutUndefined(call.query))),
    }),
    route({
      method: 'GET',
      path: '/api/drive/entries/:id',
      policy: 'session',
      summary: 'One entry with its path',
      params: one,
      answer: entry,
      handle: async (call) => (await find(call, call.params.id, 'see')).entry,
    }),
    route({
      method: 'GET',
      path: '/api/drive/stat',
      policy: 'session',
      summary: 'The entry at a path',
      query: z.strictObject({ path: z.string().max(32_768) }),
      answer: entry,
      handle: async (call) => mine(call).stat(call.query.path),
    }),
    route({
      method: 'POST',
      path: '/api/drive/folders',
      policy: 'session',
      summary: 'Make a folder',
      body: z.strictObject({ parent: entryId, name }),
      answer: entry,
      status: 201,
      handle: async (call) => (await find(call, call.body.parent, 'write')).drive.createFolder(call.body),
    }),
    route({
      method: 'PUT',
      path: '/api/drive/files',
      policy: 'session',
      summary: 'Upload a file: the request body is its content',
      query: z.strictObject({ parent: entryId, name, onConflict: z.enum(['fail', 'replace', 'rename']).default('fail') }),
      body: 'stream',
      answer: entry,
      status: 201,
      async handle(call) {
        const { 'content-type': type } = call.request.headers;
        const { drive } = await find(call, call.query.parent, 'write');
        return drive.writeFile({
          ...call.query,
          ...incoming(call),
          ...(type !== undefined &&
            /^[\w.+-]+\/[\w.+-]+$/.test(type) &&
            type !== 'application/octet-stream' && { mediaType: type.toLowerCase() }),
        });
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/files/:id/content',
      policy: 'session',
      summary: 'The bytes of a file; Range, If-None-Match and HEAD are honoured',
      params: one,
      query: z.strictObject({ download: z.enum(['0', '1']).default('0') }),
      async handle(call) {
        const { drive, entry } = await find(call, call.params.id, 'read');
        return sendContent(call, {
          file: entry,
          download: call.query.download === '1',
          open: async (range) => (await drive.read(entry.id, { range })).stream,
        });
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/drive/entries/:id',
      policy: 'session',
      summary: 'Rename or move an entry; into the drive of another it is copied, and the original goes to the trash',
      params: one,
      body: z
        .strictObject({ name: name.optional(), parent: entryId.optional() })
        .refine((body) => body.name !== undefined || body.parent !== undefined, 'give a name, a parent, or both'),
      answer: entry,
      async handle(call) {
        const { id } = call.params;
        const source = await find(call, id, 'write');
        const target = call.body.parent === undefined ? source : await find(call, call.body.parent, 'write');
        if (target.owner === source.owner) return source.drive.move({ id, ...call.body });
        const copy = await drive.copyAcross({
          from: source.owner,
          to: target.owner,
          id,
          parent: target.entry.id,
          name: call.body.name,
          signal: call.signal,
        });
        await source.drive.trash(id);
        return copy;
      },
    }),
    route({
      method: 'POST',
      path: '/api/drive/entries/:id/copy',
      policy: 'session',
      summary: 'Copy an entry, with everything below it, into a folder',
      params: one,
      body: z.strictObject({ parent: entryId, name: name.optional(), onConflict: z.enum(['fail', 'replace', 'rename']).default('fail') }),
      answer: entry,
      status: 201,
      async handle(call) {
        const source = await find(call, call.params.id, 'read');
        const target = await find(call, call.body.parent, 'write');
        return drive.copyAcross({ from: source.owner, to: target.owner, id: source.entry.id, ...call.body, signal: call.signal });
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/entries/:id',
      policy: 'session',
      summary: 'Move an entry to the trash',
      params: one,
      answer: entry,
      handle: async (call) => (await find(call, call.params.id, 'write')).drive.trash(call.params.id),
    }),
    route({
      method: 'GET',
      path: '/api/drive/trash',
      policy: 'session',
      summary: 'What is in the trash',
      query: page,
      answer: entryList,
      handle: async (call) => toList(await mine(call).listTrash(withoutUndefined(call.query))),
    }),
    route({
      method: 'POST',
      path: '/api/drive/trash/:id/restore',
      policy: 'session',
      summary: 'Put an entry back where it was, or into the root folder when that place is gone',
      params: one,
      answer: entry,
      handle: async (call) => mine(call).restore(call.params.id),
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/trash/:id',
      policy: 'session',
      summary: 'Delete an entry of the trash for ever',
      params: one,
      status: 204,
      async handle(call) {
        await mine(call).deleteForever(call.params.id);
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/trash',
      policy: 'session',
      summary: 'Empty the trash',
      status: 204,
      async handle(call) {
        await mine(call).emptyTrash();
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/usage',
      policy: 'session',
      summary: 'How much the caller stores, in bytes',
      answer: usage,
      async handle(call) {
        const { used, quota } = await mine(call).usage();
        return { usedBytes: used, quotaBytes: quota };
      },
    }),
  ];
};
