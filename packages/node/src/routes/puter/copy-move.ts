import type { Drive } from '@freehold/drive';
import type { Attributes, Entry } from '@freehold/protocol';
import { z } from 'zod';
import { callerOf, route } from '../../http/route.ts';
import { toV1 } from './entry.ts';
import { fieldRequired, PuterError, renaming } from './error.ts';
import { flag, text } from './fields.ts';
import { openReach, type FilePlace, type Found, type Reach } from './reach.ts';

export const moveWanted = z.object({
  source: text,
  destination: text,
  new_name: text,
  overwrite: flag,
  dedupe_name: flag,
  create_missing_parents: flag,
  new_metadata: z.union([z.record(z.string(), z.json()), z.string().max(8192)]).nullish(),
});
type Asked = z.output<typeof moveWanted>;
type Landing = { parent: FilePlace; name: string; onConflict: 'fail' | 'rename' | 'replace'; replaced: Entry | undefined };

export const copyRoute = (drive: Drive) =>
  route({
    method: 'POST',
    path: '/copy',
    dialect: 'puter',
    policy: 'app',
    summary: 'Copy a file or folder into a folder',
    body: moveWanted,
    handle: (call) => copyNamed(openReach(drive, callerOf(call)), call.body, call.signal),
  });

export async function copyNamed(reach: Reach, body: Asked, signal: AbortSignal) {
  const source = await reach.entry(required(body, 'source'), 'read', 'source');
  const landing = await land(reach, source, await destinationOf(reach, body), body);
  return [await copy(reach, source, landing, signal)];
}

export const moveRoute = (drive: Drive) =>
  route({
    method: 'POST',
    path: '/move',
    dialect: 'puter',
    policy: 'app',
    summary: 'Move a file or folder into a folder, into the trash or out of it',
    body: moveWanted,
    handle: (call) => moveNamed(openReach(drive, callerOf(call)), call.body, call.signal),
  });

export async function moveNamed(reach: Reach, body: Asked, signal: AbortSignal) {
  const source = await reach.entry(required(body, 'source'), 'write', 'source');
  const old_path = reach.show(source).path;
  const destination = await findDestination(reach, body);
  if (destination?.kind === 'trash') return { moved: await trash(reach, source), old_path };
  const landing = await land(reach, source, await destinationOf(reach, body), body);
  return { ...(await move(reach, source, landing, body, signal)), old_path };
}

async function copy(reach: Reach, source: FilePlace, landing: Landing, signal: AbortSignal) {
  const { parent, name, onConflict } = landing;
  const into = { id: source.entry.id, parent: parent.entry.id, name, onConflict, firstNumber: 1, signal };
  const copying =
    source.owner === parent.owner ? parent.drive.copy(into) : reach.drive.copyAcross({ from: source.owner, to: parent.owner, ...into });
  const copied = await renaming(
    { move_into_itself: ({ message }) => new PuterError('cannot_copy_directory_into_itself', message) },
    copying,
  );
  return { copied: toV1(reach.showIn(parent, copied)), ...overwritten(reach, landing) };
}

async function move(reach: Reach, source: FilePlace, landing: Landing, { new_metadata: metadata }: Asked, signal: AbortSignal) {
  const moved = await moveEntry(reach, source, landing, signal);
  const described = metadata === undefined ? moved : await landing.parent.drive.setAttributes(moved.id, { metadata: keptOf(metadata) });
  return { moved: toV1(reach.showIn(landing.parent, described)), ...overwritten(reach, landing) };
}

async function moveEntry(reach: Reach, source: FilePlace, { parent, name, onConflict }: Landing, signal: AbortSignal): Promise<Entry> {
  const into = { id: source.entry.id, parent: parent.entry.id, name, onConflict, firstNumber: 1 };
  if (source.owner === parent.owner) return source.trashed ? parent.drive.restoreTo(into) : parent.drive.move(into);
  if (source.trashed) throw new PuterError('bad_request', 'That is in the trash. Restore it first; then it can be moved to another home.');
  // Between drives there is no move. What it was moved from goes to the trash of its owner, with its earlier versions.
  const copied = await reach.drive.copyAcross({ from: source.owner, to: parent.owner, ...into, signal });
  await source.drive.trash(source.entry.id);
  return copied;
}

/** The trash gives everything a name of its own, and knows where it was. */
async function trash(reach: Reach, source: FilePlace) {
  const trashed = source.trashed ? source.entry : await source.drive.trash(source.entry.id);
  if (source.trashed && source.trashed.way.length > 0) throw new PuterError('bad_request', 'That is in the trash already, in a folder.');
  return toV1(reach.showTrashed({ owner: source.owner, id: await source.drive.id() }, { ...trashed, path: source.entry.path }));
}

/** Where it goes, and what is in the way there. */
async function land(
  reach: Reach,
  source: FilePlace,
  parent: FilePlace,
  { new_name, overwrite, dedupe_name: dedupe }: Asked,
): Promise<Landing> {
  const name = new_name || source.entry.name || source.owner;
  if (dedupe) return { parent, name, onConflict: 'rename', replaced: undefined };
  if (!overwrite) return { parent, name, onConflict: 'fail', replaced: undefined };
  const replaced = await parent.drive.child(parent.entry.id, name);
  if (replaced?.id === source.entry.id)
    throw new PuterError('source_and_dest_are_the_same', `"${name}" is there already: it would replace itself.`);
  if (replaced?.kind === 'folder' && source.entry.kind === 'file')
    throw new PuterError('cannot_overwrite_a_directory', `"${name}" is a folder there, and a file cannot take its place.`, {
      entry_name: name,
    });
  return { parent, name, onConflict: 'replace', replaced };
}

const overwritten = (reach: Reach, { parent, replaced }: Landing) => replaced && { overwritten: toV1(reach.showIn(parent, replaced)) };

async function findDestination(reach: Reach, body: Asked): Promise<Found | undefined> {
  return reach.find(required(body, 'destination'), 'see', 'destination').catch(() => undefined);
}

const destinationOf = (reach: Reach, body: Asked): Promise<FilePlace> =>
  reach.ensureFolder(required(body, 'destination'), {
    field: 'destination',
    create: body.create_missing_parents,
    missing: () => new PuterError('dest_does_not_exist', 'The folder to put it into does not exist. Make it first.'),
  });

function required(body: Asked, field: 'source' | 'destination'): string {
  const value = body[field];
  if (!value) throw fieldRequired(field);
  return value;
}

/** An empty object takes the metadata away. */
function keptOf(metadata: NonNullable<Asked['new_metadata']> | null): Attributes[string] {
  return metadata === null || metadata === '' || (typeof metadata === 'object' && Object.keys(metadata).length === 0) ? null : metadata;
}
