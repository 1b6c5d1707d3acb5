import { ComputeError, type Mount, type MountChange, type MountEntry } from '@freehold/compute';
import type { Actor, Drive, DriveHandle, FolderChange, FolderSnapshot, Target } from '@freehold/drive';

/** The most that a folder may hold, files and folders in all depths, to be given to a program. */
export const mostMountedEntries = 10_000;

/**
 * A place in a drive as a program is given it. Who asks for the run must be allowed to do the same by hand: to read what is given to be
 * read, to write what is given to be changed, when the run begins and again when its changes are kept.
 */
export function driveMount(
  drive: Drive,
  actor: Actor,
  { path, mode, target }: { path: string; mode: 'read' | 'write'; target: Target },
): Mount {
  return {
    path,
    mode,
    async take() {
      const place = await drive.as(actor).find(target, mode);
      if (place.trashed)
        throw new ComputeError('mounts_invalid', 409, 'What is in the trash cannot be given to a program. Restore it first.');
      const { entry } = place;
      if (entry.kind === 'file') {
        if (mode === 'write')
          throw new ComputeError(
            'mounts_invalid',
            400,
            `"${entry.name}" is a file. To be changed by a program, give it the folder that holds it.`,
          );
        return takeFile(place.drive, entry);
      }
      const snapshot = await place.drive.snapshot({ folder: entry.id, limit: mostMountedEntries });
      return {
        entries: snapshot.entries.map(toMountEntry),
        read: (content, offset, length) => snapshot.read(content, offset, length),
        async commit(changes) {
          await drive.as(actor).find({ id: entry.id }, 'write');
          await place.drive.apply({ snapshot, changes: changes.map(toFolderChange) });
        },
      };
    },
  };
}

/** A folder with nothing in it but one file. */
function takeFile(handle: DriveHandle, { id, name, size, cid = '', modifiedAt }: Awaited<ReturnType<DriveHandle['entry']>>) {
  return {
    entries: [{ path: name, type: 'file' as const, size, content: cid, modifiedMs: modifiedAt }],
    async read(_content: string, offset: number, length: number) {
      const { etag, stream } = await handle.read(id, { range: { start: offset, end: offset + length - 1 } });
      if (etag === cid) return Buffer.concat(await stream.toArray());
      stream.destroy();
      throw new ComputeError('runner_lost', 409, `"${name}" was changed while the program read it. Run it again.`);
    },
    async commit() {
      throw new ComputeError('mounts_invalid', 400, `"${name}" was given to be read.`);
    },
  };
}

function toMountEntry(entry: FolderSnapshot['entries'][number]): MountEntry {
  const { path, modifiedAt: modifiedMs } = entry;
  return entry.kind === 'folder'
    ? { path, modifiedMs, type: 'folder' }
    : { path, modifiedMs, type: 'file', size: entry.size, content: entry.cid };
}

function toFolderChange(change: MountChange): FolderChange {
  if (change.type === 'symlink')
    throw new ComputeError(
      'mounts_invalid',
      422,
      `The program made "${change.path}" a symbolic link, which a drive does not have. Nothing of what it did was kept.`,
    );
  return change;
}
