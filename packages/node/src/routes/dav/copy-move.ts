import { isBelow, type DriveHandle, type OnConflict } from '@freehold/drive';
import type { Entry } from '@freehold/protocol';
import { DavError } from './error.ts';
import { depthOf, overwriteOf } from './headers.ts';
import { hrefOf, placeOfReference, type Place } from './place.ts';
import { entryOf, findEntry, refuseIfLocked, spotOf, type Visit } from './visit.ts';

/** COPY (RFC 4918 §9.8): with everything below, or with Depth 0 a folder alone. Content is not read: equal content is kept once. */
export async function copy(visit: Visit): Promise<unknown> {
  const { files, headers, signal } = visit;
  const entry = entryOf(visit);
  const depth = depthOf(headers, [0, 'infinity'], 'infinity');
  const target = await targetOf(visit);
  return arrive(visit, target, async ({ parent, name, onConflict }) => {
    if (depth === 0 && entry.kind === 'folder') await copyAlone(files, entry, { parent, name, existing: target.existing });
    else await files.copy({ id: entry.id, parent, name, onConflict, signal });
  });
}

/** MOVE (RFC 4918 §9.9): one row changes, however much is below. Locks stay behind and end. */
export async function move(visit: Visit): Promise<unknown> {
  const { files, place, headers } = visit;
  const entry = entryOf(visit);
  depthOf(headers, entry.kind === 'folder' ? ['infinity'] : [0, 'infinity'], 'infinity');
  const target = await targetOf(visit);
  refuseIfLocked(visit, place, { below: true, membership: true });
  return arrive(visit, target, async ({ parent, name, onConflict }) => {
    await files.move({ id: entry.id, parent, name, onConflict });
    await files.locks.releaseBelow(place.path);
  });
}

type Target = { place: Place; existing: Entry | undefined };

/** Where to, and what is there. Errors: `dav_invalid`, `dav_other_server`, `dav_forbidden`, `dav_precondition`. */
async function targetOf({ headers, arrival, files, place, entry }: Visit): Promise<Target> {
  const header = headers['destination'];
  if (typeof header !== 'string') throw new DavError('dav_invalid', 'Say where to in a Destination header.');
  const target = placeOfReference(header, arrival);
  if (!target) throw new DavError('dav_other_server', 'The destination is on another server. Copy it there with your own program.');
  if (place.names.length === 0) throw new DavError('dav_forbidden', 'The drive itself cannot be copied or moved.');
  if (isBelow(target.path, place.path)) throw new DavError('dav_forbidden', 'A folder cannot be put into itself.');
  if (isBelow(place.path, target.path)) throw new DavError('dav_forbidden', 'A folder cannot be replaced by something that lies in it.');
  const existing = await findEntry(files, target);
  // Another spelling of the same name is a rename, and is possible.
  if (existing && existing.id === entry?.id && existing.name === target.names.at(-1))
    throw new DavError('dav_forbidden', 'The destination is where it is already.');
  if (existing && !overwriteOf(headers))
    throw new DavError('dav_precondition', 'There is something at the destination, and Overwrite is F.');
  return { place: target, existing: existing?.id === entry?.id ? undefined : existing };
}

async function arrive(
  visit: Visit,
  { place, existing }: Target,
  carryOut: (spot: { parent: string; name: string; onConflict: OnConflict }) => Promise<void>,
): Promise<unknown> {
  refuseIfLocked(visit, place, { below: true, membership: !existing });
  const { parent, name } = await spotOf(visit.files, place);
  await carryOut({ parent: parent.id, name, onConflict: existing ? 'replace' : 'fail' });
  // What lay in a folder that was replaced is gone, and so are its locks; one on the destination itself is for what is there now.
  const ended = existing ? visit.locks.filter(({ path }) => isBelow(path, place.path)) : [];
  for (const { token } of ended) await visit.files.locks.release(token);
  if (existing) return visit.reply.code(204).send();
  return visit.reply
    .code(201)
    .header('location', hrefOf(place.names, visit.entry?.kind === 'folder'))
    .send();
}

async function copyAlone(
  files: DriveHandle,
  { id }: Entry,
  { parent, name, existing }: { parent: string; name: string; existing: Entry | undefined },
): Promise<void> {
  if (existing) await files.trash(existing.id);
  const made = await files.createFolder({ parent, name });
  const properties = (await files.properties.of([id])).get(id);
  if (properties) await files.properties.change(made.id, properties);
}
