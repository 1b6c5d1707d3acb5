import type { Drive } from '@freehold/drive';
import type { Attributes } from '@freehold/protocol';
import { z } from 'zod';
import { callerOf, route, type Caller } from '../../http/route.ts';
import { toV1 } from './entry.ts';
import { fieldRequired, PuterError, renaming } from './error.ts';
import { anything, flag, subject, text } from './fields.ts';
import { isMissing, openReach } from './reach.ts';

const dialect = 'puter';
const policy = 'app';
/** Characters of a data URL. */
const longestPicture = 1_000_000;
const item = subject.extend({ item_uid: text, item_path: text });

/** What changes something about an entry other than its place and content. */
export const describingRoutes = (drive: Drive) => [
  route({
    method: 'POST',
    path: '/rename',
    dialect,
    policy,
    summary: 'Give a file or folder another name',
    body: subject.extend({ new_name: text }),
    async handle(call) {
      const { new_name: name } = call.body;
      const reach = openReach(drive, callerOf(call));
      const subjectText = reach.subject(call.body);
      if (!name) throw fieldRequired('new_name');
      const place = await reach.entry(subjectText, 'write');
      const taken = () => new PuterError('conflict', `"${name}" exists there already. Choose another name.`, { entry_name: name });
      const renamed = await renaming({ name_taken: taken }, place.drive.rename(place.entry.id, name));
      const path = `${place.path.slice(0, place.path.lastIndexOf('/'))}/${renamed.name}`;
      return toV1(reach.show({ ...place, entry: renamed, path }));
    },
  }),
  route({
    method: 'POST',
    path: '/touch',
    dialect,
    policy,
    summary: 'Set the time of the last change to now; an empty file is made where there is none',
    body: subject.extend({ set_modified_to_now: flag, set_accessed_to_now: flag, set_created_to_now: flag }),
    async handle(call) {
      const reach = openReach(drive, callerOf(call));
      const named = reach.subject(call.body);
      try {
        const place = await reach.entry(named, 'write');
        await place.drive.touch(place.entry.id);
      } catch (error) {
        const [, above, name] = /^(.+)\/([^/]+)$/.exec(isMissing(error) ? await reach.pathOf(named) : '') ?? [];
        if (above === undefined || name === undefined) throw error;
        const parent = await reach.folder(above, 'path');
        await parent.drive.writeFile({ parent: parent.entry.id, name, content: nothing(), size: 0, signal: call.signal });
      }
      return call.reply.code(200).send('');
    },
  }),
  route({
    method: 'POST',
    path: '/set_layout',
    dialect,
    policy,
    summary: 'Keep how a folder is laid out on the desktop',
    body: item.extend({ layout: z.string().max(64).nullish() }),
    handle: async (call) => describe(drive, callerOf(call), call.body, { layout: call.body.layout ?? null }),
  }),
  route({
    method: 'POST',
    path: '/set_sort_by',
    dialect,
    policy,
    summary: 'Keep how a folder is sorted on the desktop',
    body: item.extend({ sort_by: z.string().max(64).nullish(), sort_order: z.enum(['asc', 'desc']).nullish() }),
    handle: async (call) =>
      describe(drive, callerOf(call), call.body, { sort_by: call.body.sort_by ?? null, sort_order: call.body.sort_order ?? null }),
  }),
  route({
    method: 'POST',
    path: '/update-fsentry-thumbnail',
    dialect,
    policy,
    summary: 'Give a file a picture: a data URL of an image, or null to take it away',
    body: subject.extend({ thumbnail: z.string().max(longestPicture).nullish() }),
    async handle(call) {
      const reach = openReach(drive, callerOf(call));
      const place = await reach.entry(reach.subject(call.body, 'uid'), 'write');
      await place.drive.setThumbnail(place.entry.id, call.body.thumbnail ?? null);
      return {};
    },
  }),
  route({
    method: 'GET',
    path: '/itemMetadata',
    dialect,
    policy: 'anyone',
    summary: 'Gone, as at Puter: /stat tells more',
    query: anything,
    handle: () => Promise.reject(new PuterError('gone', 'This is gone. Ask /stat instead.')),
  }),
];

async function describe(drive: Drive, caller: Caller, { path, uid, item_path, item_uid }: z.output<typeof item>, attributes: Attributes) {
  const reach = openReach(drive, caller);
  const place = await reach.entry(reach.subject({ path: item_path ?? path, uid: item_uid ?? uid }, 'item_uid'), 'write');
  await place.drive.setAttributes(place.entry.id, attributes);
  return {};
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
