import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { callerOf, route, type Caller } from '../../http/route.ts';
import type { Causes } from '../../sockets/causes.ts';
import { causeOf } from './causing.ts';
import { toV1 } from './entry.ts';
import { fieldRequired, PuterError } from './error.ts';
import { flag, subject, text } from './fields.ts';
import { ignoreMissing, openReach, type FilePlace, type Found, type Reach } from './reach.ts';

const mostPaths = 10_000;
export const deleteWanted = subject.extend({
  paths: z.union([z.array(z.string().max(32_768)).max(mostPaths), text]),
  recursive: flag,
  descendants_only: flag,
});

/**
 * For good, as Puter has it, what the caller owns: a person in its own home, an app in its own folder. What was shared with the caller or
 * given to it goes to the trash of its owner, who can put it back.
 */
export const deleteRoute = (drive: Drive, causes: Causes) =>
  route({
    method: 'POST',
    path: '/delete',
    dialect: 'puter',
    policy: 'app',
    summary: 'Delete files and folders',
    body: deleteWanted,
    handle: (call) =>
      deleteNamed(openReach(drive, callerOf(call)), callerOf(call), call.body, (entry, old_path) =>
        causes.note(entry, { ...causeOf(call.request.body), old_path }),
      ),
  });

/** `note` is told where each was, before it is gone and nobody knows. */
export async function deleteNamed(
  reach: Reach,
  caller: Caller,
  body: z.output<typeof deleteWanted>,
  note: (entry: string, path: string) => void,
) {
  const { paths, recursive, descendants_only: isEmptying } = body;
  const isList = paths !== undefined && paths !== null;
  const named = isList ? [paths].flat() : [reach.subject(body)];
  if (named.length === 0) throw fieldRequired('paths');
  const found: Found[] = [];
  for (const path of named) {
    const one = await reach.find(path, 'write', isList ? 'paths' : 'path');
    await refuse(one, { recursive: recursive || !isList, isEmptying });
    found.push(one);
  }
  const removed = [];
  for (const one of found) {
    const shown = toV1(await reach.showFound(one));
    removed.push(shown);
    if (one.kind === 'entry') note(one.place.entry.id, shown.path);
    if (isEmptying) await empty(reach, caller, one);
    // What lay in a folder that went before it is gone already.
    else if (one.kind === 'entry') await remove(caller, reach, one.place).catch(ignoreMissing);
  }
  return isList ? removed : { ok: true, uid: removed[0]?.uid };
}

async function refuse(found: Found, { recursive, isEmptying }: { recursive: boolean; isEmptying: boolean }): Promise<void> {
  if (found.kind === 'root')
    throw new PuterError('cannot_write_to_root', 'Nothing can be deleted from / itself. Choose something in a home.');
  if (found.kind === 'trash') {
    if (!isEmptying) throw new PuterError('forbidden', 'The trash itself cannot be deleted. Send `descendants_only` to empty it.');
    return;
  }
  const { drive, entry } = found.place;
  if (isEmptying && entry.parent === null) throw new PuterError('forbidden', 'A home cannot be emptied as a whole. Choose a folder in it.');
  if (!recursive && !isEmptying && entry.kind === 'folder' && !(await drive.isEmpty(entry.id)))
    throw new PuterError('not_empty', `"${entry.name}" is not empty. Send \`recursive\` to delete it with everything in it.`, {
      entry_name: entry.name,
    });
}

async function empty(reach: Reach, caller: Caller, found: Found): Promise<void> {
  if (found.kind === 'trash') await found.drive.emptyTrash();
  if (found.kind !== 'entry' || found.place.entry.kind !== 'folder') return;
  const { drive, entry } = found.place;
  if (isTheirs(caller, found.place, reach)) return drive.emptyFolder(entry.id);
  for (let page = await drive.list({ parent: entry.id }); page.entries.length > 0; page = await drive.list({ parent: entry.id }))
    for (const child of page.entries) await drive.trash(child.id);
}

async function remove(caller: Caller, reach: Reach, place: FilePlace): Promise<void> {
  const { drive, entry } = place;
  if (isTheirs(caller, place, reach)) await drive.deleteForever(entry.id);
  else await drive.trash(entry.id);
}

/** Whether what is deleted belongs to the caller alone. */
function isTheirs({ delegate }: Caller, { owner, path }: FilePlace, { home }: Reach): boolean {
  if (owner !== home) return false;
  if (!delegate) return true;
  return delegate.kind === 'app' && `${path}/`.startsWith(`/${home}/AppData/${delegate.app}/`);
}
