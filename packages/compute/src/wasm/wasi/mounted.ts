import type { MountChange, MountEntry, WasmMount } from '../mount.ts';
import { fileType, type Folder, type Inode, type Volume } from './volume.ts';

/** A mount in the volume, with what was found in it at the start by its path. */
export type Mounted = { folder: Folder; origins: Map<string, Inode> };

/**
 * Makes the roots of a job: the scratch folder "/", unless something is mounted there, and the mounts. In the scratch folder a
 * mount also has its place, so it is found by programs that know of no other root than the first.
 */
export function mountAll(volume: Volume, mounts: readonly WasmMount[]): Mounted[] {
  const scratch = mounts.some(({ path }) => path === '/') ? undefined : volume.addRoot({ path: '/', writable: true });
  return mounts.map(({ path, writable, entries }) => {
    const folder = volume.addRoot({ path, writable });
    if (scratch !== undefined) attach(volume, scratch, path, folder);
    return { folder, origins: seed(volume, folder, entries) };
  });
}

function attach(volume: Volume, scratch: Folder, path: string, folder: Folder): void {
  const names = path.split('/').filter((name) => name !== '');
  const last = names.pop();
  let at = scratch;
  for (const name of names) {
    const found = at.entries.get(name) ?? volume.createFolder(at);
    if (found.type !== fileType.folder) return;
    if (found.links === 0) volume.seed(at, name, found, at.modified);
    at = found;
  }
  if (last !== undefined) volume.seed(at, last, folder, folder.modified);
}

function seed(volume: Volume, top: Folder, entries: readonly MountEntry[]): Map<string, Inode> {
  const origins = new Map<string, Inode>();
  for (const entry of entries) {
    const slash = entry.path.lastIndexOf('/');
    const folder = slash < 0 ? top : origins.get(entry.path.slice(0, slash));
    if (folder?.type !== fileType.folder) throw new Error('A mount has an entry without the folder that holds it');
    const inode = inodeOf(volume, folder, entry);
    volume.seed(folder, entry.path.slice(slash + 1), inode, BigInt(Math.round(entry.modifiedMs)) * 1_000_000n);
    origins.set(entry.path, inode);
  }
  return origins;
}

function inodeOf(volume: Volume, folder: Folder, entry: MountEntry): Inode {
  if (entry.type === 'folder') return volume.createFolder(folder);
  if (entry.type === 'symlink') return volume.createSymlink(folder, entry.target);
  return { ...volume.createFile(folder), size: entry.size, source: entry.content };
}

/** What became of a mount since `mountAll`. */
export function changesOf({ folder, origins }: Mounted): MountChange[] {
  const found = new Map<string, Inode>();
  walk(folder, found);
  const origin = new Map([...origins].map(([path, inode]) => [inode, path]));
  const changes: MountChange[] = [];
  for (const [path, before] of [...origins].reverse()) if (!staysAs(before, found.get(path))) changes.push({ type: 'remove', path });
  for (const [path, inode] of found) {
    const before = origins.get(path);
    const cameFrom = origin.get(inode);
    const from = cameFrom !== undefined && found.get(cameFrom) !== inode ? { from: cameFrom } : {};
    if (inode.type === fileType.file) {
      if (inode === before && inode.source !== undefined) continue;
      const content =
        inode.source === undefined ? { bytes: inode.buffer.subarray(0, inode.size) } : { size: inode.size, content: inode.source };
      changes.push({ type: 'file', path, ...from, ...content });
    } else if (staysAs(before, inode)) continue;
    else if (inode.type === fileType.folder) changes.push({ type: 'folder', path, ...from });
    else changes.push({ type: 'symlink', path, ...from, target: inode.target });
  }
  return changes;
}

/** Whether what is at a path now can be taken for what was there before, perhaps with other contents. */
function staysAs(before: Inode | undefined, now: Inode | undefined): boolean {
  if (before === undefined || before.type !== now?.type) return false;
  return before.type !== fileType.symlink || (now.type === fileType.symlink && before.target === now.target);
}

/** Everything below a folder by its path, parents first. What another root holds is not part of it. */
function walk(folder: Folder, found: Map<string, Inode>): void {
  const waiting: [Folder, string][] = [[folder, '']];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [at, prefix] = next;
    for (const [name, inode] of at.entries) {
      if (inode.root !== folder.root) continue;
      found.set(prefix + name, inode);
      if (inode.type === fileType.folder) waiting.push([inode, `${prefix}${name}/`]);
    }
  }
}
