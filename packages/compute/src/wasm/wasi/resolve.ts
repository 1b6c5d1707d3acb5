import { fail } from './errno.ts';
import { fileType, type Folder, type Inode } from './volume.ts';

/** Limits of POSIX that guests know: PATH_MAX, NAME_MAX and the symbolic links followed in one path. */
const longestPath = 4096;
const longestName = 255;
const mostLinks = 32;

export type Resolved = {
  folder: Folder;
  /** The last name of the path inside `folder`, or "." when the path ends in a folder itself. */
  name: string;
  inode: Inode | undefined;
  /** The path ended in "/", which asks for a folder. */
  trailingSlash: boolean;
};

/**
 * Walks a path from an open folder. It can never leave that folder: an absolute path, an absolute link and a ".." above the
 * start are refused with PERM. `follow` says whether a symbolic link in the last place is followed.
 */
export function resolve(start: Folder, path: string, { follow }: { follow: boolean }): Resolved {
  if (path === '') fail('noent');
  if (path.length > longestPath) fail('nametoolong');
  if (path.startsWith('/')) fail('perm');
  const trailingSlash = path.endsWith('/');
  /** The names still to walk, the next one last. */
  const names = split(path);
  /** The folders walked through since the start, to go back along by "..". */
  const above: Folder[] = [];
  let folder = start;
  let links = 0;

  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    if (name === '.') continue;
    if (name === '..') {
      folder = above.pop() ?? fail('perm');
      continue;
    }
    if (Buffer.byteLength(name) > longestName) fail('nametoolong');
    const inode = folder.entries.get(name);
    const last = names.length === 0;
    if (inode?.type === fileType.symlink && (!last || follow || trailingSlash)) {
      if (++links > mostLinks) fail('loop');
      if (inode.target.startsWith('/')) fail('perm');
      names.push(...split(inode.target));
      continue;
    }
    if (last) return { folder, name, inode, trailingSlash };
    if (inode === undefined) fail('noent');
    if (inode.type !== fileType.folder) fail('notdir');
    above.push(folder);
    folder = inode;
  }
  return { folder, name: '.', inode: folder, trailingSlash };
}

function split(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '')
    .reverse();
}
