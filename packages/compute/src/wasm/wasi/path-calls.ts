import type { WasiCalls, WasiContext } from './context.ts';
import { fail } from './errno.ts';
import { fileRights, folderRights, rights } from './rights.ts';
import { putFilestat, setTimes } from './stat.ts';
import { createFolder, find, linkAt, openAt, removeFolder, renameAt, symlinkAt, targetOf, unlinkFile, type Place } from './tree.ts';
import { fileType } from './volume.ts';

const lookup = { followLinks: 1 } as const;
const openFlags = { create: 1, folder: 2, exclusive: 4, truncate: 8 } as const;
const knownOpenFlags = 15;
const knownFlags = 31;

/** The `path_*` calls: what can be done by name. Each path is walked from an open folder and stays below it. */
export function pathCalls(job: WasiContext): WasiCalls {
  function place(fd: number, needed: bigint, pointer: number, length: number): Place {
    const folder = job.descriptors.folder(fd, needed);
    return { start: folder.inode, path: job.memory.text(pointer, length) };
  }

  return {
    path_create_directory: (fd: number, pointer: number, length: number) =>
      createFolder(job.volume, place(fd, rights.pathCreateDirectory, pointer, length)),
    path_filestat_get(fd: number, flags: number, pointer: number, length: number, result: number) {
      const follow = (flags & lookup.followLinks) !== 0;
      putFilestat(job.memory, result, find(place(fd, rights.pathFilestatGet, pointer, length), { follow }).inode);
    },
    path_filestat_set_times(fd: number, flags: number, pointer: number, length: number, accessed: bigint, modified: bigint, times: number) {
      const follow = (flags & lookup.followLinks) !== 0;
      const { inode } = find(place(fd, rights.pathFilestatSetTimes, pointer, length), { follow });
      job.volume.mustBeWritable(inode);
      setTimes(inode, job.clock, { accessed, modified, flags: times });
    },
    path_link(oldFd: number, flags: number, oldPointer: number, oldLength: number, newFd: number, newPointer: number, newLength: number) {
      if (flags & lookup.followLinks) fail('inval');
      const from = place(oldFd, rights.pathLinkSource, oldPointer, oldLength);
      linkAt(job.volume, from, place(newFd, rights.pathLinkTarget, newPointer, newLength));
    },
    path_open(
      fd: number,
      lookupFlags: number,
      pointer: number,
      length: number,
      open: number,
      base: bigint,
      inheriting: bigint,
      flags: number,
      result: number,
    ) {
      const parent = job.descriptors.folder(fd, rights.pathOpen);
      if (open & ~knownOpenFlags || flags & ~knownFlags) fail('inval');
      const wants = (flag: number) => (open & flag) !== 0;
      const wanted = { rights: BigInt.asUintN(64, base), inheriting: BigInt.asUintN(64, inheriting) };
      const needed = (wants(openFlags.create) ? rights.pathCreateFile : 0n) | (wants(openFlags.truncate) ? rights.pathFilestatSetSize : 0n);
      const inode = openAt(job.volume, place(fd, needed, pointer, length), {
        follow: (lookupFlags & lookup.followLinks) !== 0,
        create: wants(openFlags.create),
        folder: wants(openFlags.folder),
        exclusive: wants(openFlags.exclusive),
        truncate: wants(openFlags.truncate),
        write: (wanted.rights & rights.fdWrite) !== 0n,
      });
      if (inode.type === fileType.file) {
        const granted = wanted.rights & fileRights & parent.inheriting;
        job.memory.setU32(result, job.descriptors.add({ kind: 'file', inode, rights: granted, inheriting: 0n, flags, offset: 0 }));
      } else {
        const granted = wanted.rights & folderRights & parent.inheriting;
        const passedOn = wanted.inheriting & parent.inheriting;
        job.memory.setU32(result, job.descriptors.add({ kind: 'folder', inode, rights: granted, inheriting: passedOn, flags }));
      }
    },
    path_readlink(fd: number, pointer: number, length: number, target: number, targetLength: number, result: number) {
      const text = Buffer.from(targetOf(place(fd, rights.pathReadlink, pointer, length))).subarray(0, targetLength >>> 0);
      job.memory.bytes(target, text.length).set(text);
      job.memory.setU32(result, text.length);
    },
    path_remove_directory: (fd: number, pointer: number, length: number) =>
      removeFolder(job.volume, place(fd, rights.pathRemoveDirectory, pointer, length)),
    path_rename(oldFd: number, oldPointer: number, oldLength: number, newFd: number, newPointer: number, newLength: number) {
      const from = place(oldFd, rights.pathRenameSource, oldPointer, oldLength);
      renameAt(job.volume, from, place(newFd, rights.pathRenameTarget, newPointer, newLength));
    },
    path_symlink(oldPointer: number, oldLength: number, fd: number, newPointer: number, newLength: number) {
      const text = job.memory.text(oldPointer, oldLength);
      symlinkAt(job.volume, text, place(fd, rights.pathSymlink, newPointer, newLength));
    },
    path_unlink_file: (fd: number, pointer: number, length: number) =>
      unlinkFile(job.volume, place(fd, rights.pathUnlinkFile, pointer, length)),
  };
}
