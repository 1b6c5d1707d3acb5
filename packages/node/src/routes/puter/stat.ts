import { includes, type Drive } from '@freehold/drive';
import type { z } from 'zod';
import { callerOf, route } from '../../http/route.ts';
import { uidOfId } from '../../http/uid.ts';
import { toV1, type Extras, type Shown } from './entry.ts';
import { flag, subject } from './fields.ts';
import { openReach, type Found, type Reach } from './reach.ts';
import { toShareItem } from './share.ts';
import { thumbnailOf } from './thumbnails.ts';

const asked = subject.extend({
  return_size: flag,
  return_versions: flag,
  return_shares: flag,
  return_permissions: flag,
  return_subdomains: flag,
});

/** Versions that one answer tells of. */
const versionsShown = 1000;

export const statRoute = (drive: Drive) =>
  route({
    method: 'POST',
    path: '/stat',
    dialect: 'puter',
    policy: 'app',
    summary: 'One file or folder',
    body: asked,
    async handle(call) {
      const reach = openReach(drive, callerOf(call));
      const found = await reach.find(reach.subject(call.body), 'see');
      const shown = await reach.showFound(found);
      const [described = shown] = found.kind === 'entry' ? await reach.withShares([shown]) : [];
      const answer = toV1(await pictured(found, described), await extrasOf(reach, found, call.body));
      if (!call.body.return_permissions) return answer;
      return { ...answer, permissions: [`fs:${uidOfId(shown.entry.id)}:${shown.right}`] };
    },
  });

/** A picture shows content, so it is for who may read it. */
async function pictured(found: Found, shown: Shown): Promise<Shown> {
  if (found.kind !== 'entry' || found.place.entry.kind === 'folder' || !includes(found.place.right, 'read')) return shown;
  return { ...shown, thumbnail: await thumbnailOf(found.place.drive, shown.entry.id) };
}

async function extrasOf(reach: Reach, found: Found, wanted: z.output<typeof asked>): Promise<Extras> {
  if (found.kind !== 'entry') return { ...(wanted.return_versions && { versions: [] }), ...(wanted.return_shares && { shares: [] }) };
  const { drive, entry } = found.place;
  const isFolder = entry.kind === 'folder';
  const mayList = isFolder && includes(found.place.right, 'list');
  const mayRead = includes(found.place.right, 'read');
  // Who was given what is told to who could give more.
  const mayShare = includes(found.place.right, 'manage');
  return {
    ...(mayList && { isEmpty: await drive.isEmpty(entry.id) }),
    ...(wanted.return_size && mayList && { size: (await drive.measure(entry.id)).bytes }),
    ...(wanted.return_shares && { shares: mayShare ? (await reach.sharesOf({ id: entry.id })).map(toShareItem) : [] }),
    ...(wanted.return_versions && {
      versions: isFolder || !mayRead ? [] : (await drive.versions(entry.id, { limit: versionsShown })).map(toVersion),
    }),
  };
}

type Version = {
  number: number;
  size: number;
  mediaType?: string | undefined;
  modifiedAt: number;
  replacedAt: number;
  name?: string | undefined;
};

const toVersion = ({ number, size, mediaType, modifiedAt, replacedAt, name }: Version) => ({
  id: number,
  number,
  size,
  type: mediaType ?? null,
  name: name ?? null,
  modified: Math.floor(modifiedAt / 1000),
  replaced: Math.floor(replacedAt / 1000),
});
