import type { WasiCalls, WasiContext } from './context.ts';
import { fail } from './errno.ts';
import { resolve, type Resolved } from './resolve.ts';
import { fileRights, folderRights, rights } from './rights.ts';
import { putFilestat, setTimes } from './stat.ts';
import { fileType, type Folder, type Inode } from './volume.ts';

const lookup = { followLinks: 1 } as const;
const openFlags = { create: 1, folder: 2, exclusive: 4, truncate: 8 } as const;
const knownOpenFlags = 15;
const knownFlags = 31;

/** The `path_*` calls: what can be done by name. Each path is walked from an open folder and stays below it. */
export function pathCalls(job: WasiContext): WasiCalls {
  function walk(fd: number, needed: bigint, pointer: number, length: number, { follow = false, ignoreSlash = false } = {}): Resolved {
    const folder = job.descriptors.folder(fd, needed);
    const path = job.memory.text(pointer, length);
    return resolve(folder.inode, ignoreSlash ? withoutSlash(path) : path, { follow });
  }

  /** Something that is there. A path ending in "/" means a folder. */
  function find(...parameters: Parameters<typeof walk>): Resolved & { inode: Inode } {
    const found = walk(...parameters);
    const { inode } = found;
    if (inode === undefined) return fail('noent');
    if (found.trailingSlash && inode.type !== fileType.folder) fail('notdir');
    return { ...found, inode };
  }

  function endsWithSlash(pointer: number, length: number): boolean {
    return job.memory.text(pointer, length).endsWith('/');
  }

  return {
    path_create_directory(fd: number, pointer: number, length: number) {
      const { folder, name, inode } = walk(fd, rights.pathCreateDirectory, pointer, length, { ignoreSlash: true });
      if (inode !== undefined) fail('exist');
      job.volume.link(folder, name, job.volume.createFolder(folder));
    },
    path_filestat_get(fd: number, flags: number, pointer: number, length: number, result: number) {
      const follow = (flags & lookup.followLinks) !== 0;
      putFilestat(job.memory, result, find(fd, rights.pathFilestatGet, pointer, length, { follow }).inode);
    },
    path_filestat_set_times(fd: number, flags: number, pointer: number, length: number, accessed: bigint, modified: bigint, times: number) {
      const follow = (flags & lookup.followLinks) !== 0;
      const { inode } = find(fd, rights.pathFilestatSetTimes, pointer, length, { follow });
      job.volume.mustBeWritable(inode);
      setTimes(inode, job.clock, { accessed, modified, flags: times });
    },
    path_link(oldFd: number, flags: number, oldPointer: number, oldLength: number, newFd: number, newPointer: number, newLength: number) {
      if (flags & lookup.followLinks) fail('inval');
      const { inode } = find(oldFd, rights.pathLinkSource, oldPointer, oldLength);
      if (inode.type === fileType.folder) fail('perm');
      const target = walk(newFd, rights.pathLinkTarget, newPointer, newLength);
      if (target.inode !== undefined) fail('exist');
      if (target.trailingSlash) fail('noent');
      job.volume.link(target.folder, target.name, inode);
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
      const create = (open & openFlags.create) !== 0;
      const wantsFolder = (open & openFlags.folder) !== 0;
      const truncate = (open & openFlags.truncate) !== 0;
      if (create && wantsFolder) fail('inval');
      const needed = (create ? rights.pathCreateFile : 0n) | (truncate ? rights.pathFilestatSetSize : 0n);
      const found = walk(fd, needed, pointer, length, { follow: (lookupFlags & lookup.followLinks) !== 0 });
      const { folder, name, trailingSlash } = found;
      const wanted = { rights: BigInt.asUintN(64, base), inheriting: BigInt.asUintN(64, inheriting) };

      let { inode } = found;
      if (inode === undefined) {
        if (!create) fail('noent');
        if (trailingSlash) fail('isdir');
        inode = job.volume.createFile(folder);
        job.volume.link(folder, name, inode);
      } else {
        if (create && open & openFlags.exclusive) fail('exist');
        if (inode.type === fileType.symlink) fail('loop');
        if ((wantsFolder || trailingSlash) && inode.type !== fileType.folder) fail('notdir');
        if (inode.type === fileType.folder && (truncate || wanted.rights & rights.fdWrite)) fail('isdir');
      }
      if (inode.type === fileType.file) {
        if (truncate) job.volume.resize(inode, 0);
        const granted = wanted.rights & fileRights & parent.inheriting;
        job.memory.setU32(result, job.descriptors.add({ kind: 'file', inode, rights: granted, inheriting: 0n, flags, offset: 0 }));
      } else if (inode.type === fileType.folder) {
        const granted = wanted.rights & folderRights & parent.inheriting;
        const passedOn = wanted.inheriting & parent.inheriting;
        job.memory.setU32(result, job.descriptors.add({ kind: 'folder', inode, rights: granted, inheriting: passedOn, flags }));
      }
    },
    path_readlink(fd: number, pointer: number, length: number, target: number, targetLength: number, result: number) {
      const { inode } = find(fd, rights.pathReadlink, pointer, length);
      if (inode.type !== fileType.symlink) fail('inval');
      const text = Buffer.from(inode.target).subarray(0, targetLength >>> 0);
      job.memory.bytes(target, text.length).set(text);
      job.memory.setU32(result, text.length);
    },
    path_remove_directory(fd: number, pointer: number, length: number) {
      const { folder, name, inode } = find(fd, rights.pathRemoveDirectory, pointer, length, { ignoreSlash: true });
      if (inode.type !== fileType.folder) fail('notdir');
      if (name === '.') fail('inval');
      if (inode.entries.size > 0) fail('notempty');
      job.volume.unlink(folder, name);
    },
    path_rename(oldFd: number, oldPointer: number, oldLength: number, newFd: number, newPointer: number, newLength: number) {
      const source = find(oldFd, rights.pathRenameSource, oldPointer, oldLength, { ignoreSlash: true });
      const target = walk(newFd, rights.pathRenameTarget, newPointer, newLength, { ignoreSlash: true });
      const { inode } = source;
      const wantsFolder = endsWithSlash(oldPointer, oldLength) || endsWithSlash(newPointer, newLength);
      if (wantsFolder && inode.type !== fileType.folder) fail('notdir');
      if (source.name === '.' || target.name === '.') fail('inval');
      if (inode === target.inode) return;
      if (inode.type === fileType.folder && isInside(target.folder, inode)) fail('inval');
      if (target.inode?.type === fileType.folder) {
        if (inode.type !== fileType.folder) fail('isdir');
        if (target.inode.entries.size > 0) fail('notempty');
      } else if (target.inode !== undefined && inode.type === fileType.folder) fail('notdir');
      job.volume.mustBeWritable(source.folder);
      if (inode.root !== target.folder.root) fail(inode.root === source.folder.root ? 'xdev' : 'busy');
      if (inode.root !== source.folder.root) fail('busy');
      job.volume.unlink(target.folder, target.name);
      job.volume.link(target.folder, target.name, inode);
      job.volume.unlink(source.folder, source.name);
    },
    /** A link may say anything but an absolute path; where it leads is decided, and bounded, when it is followed. */
    path_symlink(oldPointer: number, oldLength: number, fd: number, newPointer: number, newLength: number) {
      const text = job.memory.text(oldPointer, oldLength);
      const { folder, name, inode, trailingSlash } = walk(fd, rights.pathSymlink, newPointer, newLength);
      if (text === '') fail('noent');
      if (text.startsWith('/')) fail('perm');
      if (text.length > 4096) fail('nametoolong');
      if (inode !== undefined) fail(trailingSlash && inode.type !== fileType.folder ? 'notdir' : 'exist');
      if (trailingSlash) fail('noent');
      job.volume.link(folder, name, job.volume.createSymlink(folder, text));
    },
    path_unlink_file(fd: number, pointer: number, length: number) {
      const { folder, name, inode } = find(fd, rights.pathUnlinkFile, pointer, length, { ignoreSlash: true });
      if (inode.type === fileType.folder) fail('isdir');
      if (endsWithSlash(pointer, length)) fail('notdir');
      job.volume.unlink(folder, name);
    },
  };
}

function withoutSlash(path: string): string {
  return path.replace(/(.)\/+$/, '$1');
}

function isInside(folder: Folder, ancestor: Folder): boolean {
  for (let at: Folder | undefined = folder; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}
