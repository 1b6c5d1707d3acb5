import { fail } from './errno.ts';
import { resolve, type Resolved } from './resolve.ts';
import { fileType, type File, type Folder, type Inode, type Volume } from './volume.ts';

/** A path and the open folder that it begins at. */
export type Place = { start: Folder; path: string };
type Found = Resolved & { inode: Inode };

/** Where a path leads. A slash at its end may be said of a folder that is yet to be made. */
export function walk({ start, path }: Place, { follow = false, ignoreSlash = false } = {}): Resolved {
  return resolve(start, ignoreSlash ? path.replace(/(.)\/+$/, '$1') : path, { follow });
}

/** Something that is there. A path ending in "/" means a folder. */
export function find(place: Place, options?: Parameters<typeof walk>[1]): Found {
  const found = walk(place, options);
  const { inode } = found;
  if (inode === undefined) return fail('noent');
  if (found.trailingSlash && inode.type !== fileType.folder) fail('notdir');
  return { ...found, inode };
}

/** What both versions of WASI do by name, each with the failures that POSIX has for it. */
export function createFolder(volume: Volume, place: Place): void {
  const { folder, name, inode } = walk(place, { ignoreSlash: true });
  if (inode !== undefined) fail('exist');
  volume.link(folder, name, volume.createFolder(folder));
}

/** A second name for something that is no folder; a symbolic link is itself linked. */
export function linkAt(volume: Volume, from: Place, to: Place): void {
  const { inode } = find(from);
  if (inode.type === fileType.folder) fail('perm');
  const target = walk(to);
  if (target.inode !== undefined) fail('exist');
  if (target.trailingSlash) fail('noent');
  volume.link(target.folder, target.name, inode);
}

export type Opening = { follow: boolean; create: boolean; folder: boolean; exclusive: boolean; truncate: boolean; write: boolean };

export function openAt(volume: Volume, place: Place, wanted: Opening): File | Folder {
  if (wanted.create && wanted.folder) fail('inval');
  const { folder, name, trailingSlash, inode } = walk(place, { follow: wanted.follow });
  if (inode === undefined) {
    if (!wanted.create) fail('noent');
    if (trailingSlash) fail('isdir');
    const made = volume.createFile(folder);
    volume.link(folder, name, made);
    return made;
  }
  if (wanted.create && wanted.exclusive) fail('exist');
  if (inode.type === fileType.symlink) return fail('loop');
  if ((wanted.folder || trailingSlash) && inode.type !== fileType.folder) fail('notdir');
  if (inode.type === fileType.folder && (wanted.truncate || wanted.write)) fail('isdir');
  if (inode.type === fileType.file && wanted.truncate) volume.resize(inode, 0);
  return inode;
}

export function targetOf(place: Place): string {
  const { inode } = find(place);
  return inode.type === fileType.symlink ? inode.target : fail('inval');
}

export function removeFolder(volume: Volume, place: Place): void {
  const { folder, name, inode } = find(place, { ignoreSlash: true });
  if (inode.type !== fileType.folder) return fail('notdir');
  if (name === '.') fail('inval');
  if (inode.entries.size > 0) fail('notempty');
  volume.unlink(folder, name);
}

export function renameAt(volume: Volume, from: Place, to: Place): void {
  const source = find(from, { ignoreSlash: true });
  const target = walk(to, { ignoreSlash: true });
  const { inode } = source;
  if ((from.path.endsWith('/') || to.path.endsWith('/')) && inode.type !== fileType.folder) fail('notdir');
  if (source.name === '.' || target.name === '.') fail('inval');
  if (inode === target.inode) return;
  if (inode.type === fileType.folder && isInside(target.folder, inode)) fail('inval');
  if (target.inode?.type === fileType.folder) {
    if (inode.type !== fileType.folder) fail('isdir');
    if (target.inode.entries.size > 0) fail('notempty');
  } else if (target.inode !== undefined && inode.type === fileType.folder) fail('notdir');
  volume.mustBeWritable(source.folder);
  if (inode.root !== target.folder.root) fail(inode.root === source.folder.root ? 'xdev' : 'busy');
  if (inode.root !== source.folder.root) fail('busy');
  volume.unlink(target.folder, target.name);
  volume.link(target.folder, target.name, inode);
  volume.unlink(source.folder, source.name);
}

/** A link may say anything but an absolute path; where it leads is decided, and bounded, when it is followed. */
export function symlinkAt(volume: Volume, text: string, place: Place): void {
  const { folder, name, inode, trailingSlash } = walk(place);
  if (text === '') fail('noent');
  if (text.startsWith('/')) fail('perm');
  if (text.length > 4096) fail('nametoolong');
  if (inode !== undefined) fail(trailingSlash && inode.type !== fileType.folder ? 'notdir' : 'exist');
  if (trailingSlash) fail('noent');
  volume.link(folder, name, volume.createSymlink(folder, text));
}

export function unlinkFile(volume: Volume, place: Place): void {
  const { folder, name, inode } = find(place, { ignoreSlash: true });
  if (inode.type === fileType.folder) fail('isdir');
  if (place.path.endsWith('/')) fail('notdir');
  volume.unlink(folder, name);
}

function isInside(folder: Folder, ancestor: Folder): boolean {
  for (let at: Folder | undefined = folder; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}
