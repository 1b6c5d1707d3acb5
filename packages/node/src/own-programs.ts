import { ComputeError } from '@freehold/compute';
import type { Drive, Target } from '@freehold/drive';
import { actorOf } from './http/actor.ts';
import type { Caller } from './http/route.ts';
import { ownPath } from './routes/pc2/own-path.ts';

/** The largest program that is run from a drive, in bytes. */
const largest = 32 * 1024 * 1024;

/** A path in the drive of an account, or of whoever shared it; or the id of an entry. */
export function targetOf(place: string, account: string): Target {
  if (/^[0-9a-f]{32}$/.test(place)) return { id: place };
  return { path: /^\/0x[0-9a-f]{40}(\/|$)/i.test(place) && !isOwn(place, account) ? place : ownPath(place, account) };
}

const isOwn = (place: string, account: string) => place.slice(1, 43).toLowerCase() === account.toLowerCase();

/** The bytes of a program in the caller's own drive. Programs of others are not run, even where they may be read. Errors: `program_foreign`. */
export async function readOwnProgram(drive: Drive, caller: Caller, target: Target): Promise<Buffer> {
  const account = caller.account.address;
  const { owner, entry, drive: handle, trashed } = await drive.as(actorOf(caller)).find(target, 'read');
  if (owner !== account)
    throw new ComputeError('program_foreign', 403, 'This program is in the drive of somebody else. Copy it into your own to run it.');
  if (trashed) throw new ComputeError('program_refused', 409, 'This program is in the trash. Restore it to run it.');
  if (entry.size > largest)
    throw new ComputeError('program_too_large', 413, `A program may have at most ${largest / 1024 / 1024} MiB, and this file has more.`);
  const { stream } = await handle.read(entry.id);
  return Buffer.concat(await stream.toArray());
}
