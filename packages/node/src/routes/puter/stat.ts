import type { Drive } from '@freehold/drive';
import type { z } from 'zod';
import { callerOf, route } from '../../http/route.ts';
import { uidOfId } from '../../http/uid.ts';
import { toV1, type Extras } from './entry.ts';
import { flag, subject } from './fields.ts';
import { openReach, type Found } from './reach.ts';

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
      const answer = toV1(shown, await extrasOf(found, call.body));
      if (!call.body.return_permissions) return answer;
      return { ...answer, permissions: [`fs:${uidOfId(shown.entry.id)}:${shown.right}`] };
    },
  });

async function extrasOf(found: Found, wanted: z.output<typeof asked>): Promise<Extras> {
  if (found.kind !== 'entry') return wanted.return_versions ? { versions: [] } : {};
  const { drive, entry } = found.place;
  const isFolder = entry.kind === 'folder';
  return {
    ...(isFolder && { isEmpty: await drive.isEmpty(entry.id) }),
    ...(wanted.return_size && isFolder && { size: (await drive.measure(entry.id)).bytes }),
    ...(wanted.return_versions && { versions: isFolder ? [] : (await drive.versions(entry.id, { limit: versionsShown })).map(toVersion) }),
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
