import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { callerOf, route } from '../../http/route.ts';
import { toV1 } from './entry.ts';
import { fieldRequired, PuterError, renaming } from './error.ts';
import { flag, text } from './fields.ts';
import { namesOf } from './path.ts';
import { isTaken, notAFolder, openReach, trashName, type FilePlace, type Reach } from './reach.ts';

export const folderWanted = z.object({
  parent: text,
  path: text,
  overwrite: flag,
  dedupe_name: flag,
  shortcut_to: text,
  create_missing_parents: flag,
});
export type FolderWanted = z.output<typeof folderWanted>;

/** A folder, or with `shortcut_to` a shortcut. A folder that is there already is the answer, not a refusal. */
export const mkdirRoute = (drive: Drive) =>
  route({
    method: 'POST',
    path: '/mkdir',
    dialect: 'puter',
    policy: 'app',
    summary: 'Make a folder',
    body: folderWanted,
    handle: async (call) => makeFolder(openReach(drive, callerOf(call)), call.body),
  });

export async function makeFolder(reach: Reach, wanted: FolderWanted) {
  const { parent: above, path, create_missing_parents: create } = wanted;
  if (!path) throw fieldRequired('path');
  const names = above ? namesOf(path) : namesOf(path).slice(-1);
  const name = names.at(-1);
  const folder = above ? above : path.replace(/\/+[^/]*\/*$/, '') || '/';
  const isOnlyAsked = !wanted.dedupe_name && !wanted.shortcut_to;
  try {
    if (name === undefined || (name === trashName && isOnlyAsked)) return await existingFolder(reach, [folder, ...names]);
    const base = await reach.ensureFolder(folder, { field: 'parent', create, missing: parentMissing });
    const parent = await descend(reach, base, { names: names.slice(0, -1), create });
    return wanted.shortcut_to ? await makeShortcut(reach, parent, name, wanted.shortcut_to) : await makeIn(reach, parent, name, wanted);
  } catch (error) {
    // Where nothing can be made, what was asked for may be there: a home, the trash, the own folder of an app.
    const existing = isOnlyAsked ? await existingFolder(reach, [folder, ...names]).catch(() => undefined) : undefined;
    if (existing) return existing;
    throw name === undefined ? new PuterError('bad_request', 'Give the new folder a name.', { field: 'path' }) : error;
  }
}

async function existingFolder(reach: Reach, [above = '', ...names]: readonly string[]) {
  const path = names.length === 0 ? above : `${(await reach.pathOf(above)).replace(/\/$/, '')}/${names.join('/')}`;
  const found = await reach.find(path, 'see');
  if (found.kind === 'entry' && found.place.entry.kind !== 'folder') throw notAFolder(found.place.entry.name);
  return toV1(await reach.showFound(found));
}

async function descend(
  reach: Reach,
  base: FilePlace,
  { names, create }: { names: readonly string[]; create: boolean },
): Promise<FilePlace> {
  if (names.length === 0) return base;
  if (create) return reach.makeBelow(base, names);
  return reach.ensureFolder([base.path, ...names].join('/'), { field: 'path', create, missing: parentMissing });
}

async function makeIn(reach: Reach, parent: FilePlace, name: string, { overwrite, dedupe_name: dedupe }: FolderWanted) {
  const make = () => parent.drive.createFolder({ parent: parent.entry.id, name, onConflict: dedupe ? 'rename' : 'fail', firstNumber: 1 });
  try {
    return toV1(reach.showIn(parent, await make()), { isEmpty: true });
  } catch (error) {
    const existing = isTaken(error) ? await parent.drive.child(parent.entry.id, name) : undefined;
    if (!existing || (existing.kind === 'file' && !overwrite)) throw error;
    if (existing.kind === 'folder') return toV1(reach.showIn(parent, existing));
    await parent.drive.trash(existing.id);
    return toV1(reach.showIn(parent, await make()), { isEmpty: true });
  }
}

async function makeShortcut(reach: Reach, parent: FilePlace, name: string, to: string) {
  const target = await renaming({ entry_not_found: targetMissing }, reach.entry(to, 'see', 'shortcut_to'));
  const made = await parent.drive.createShortcut({ parent: parent.entry.id, name, target: target.entry.id, firstNumber: 1 });
  return toV1(reach.showIn(parent, made));
}

const parentMissing = () =>
  new PuterError('not_found', 'The folder to make it in does not exist. Make that first, or send `create_missing_parents`.');
const targetMissing = () => new PuterError('shortcut_target_not_found', 'What the shortcut should point at does not exist.');
