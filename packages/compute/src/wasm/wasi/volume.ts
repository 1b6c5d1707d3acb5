import { fail } from './errno.ts';

/** File types of WASI preview 1. */
export const fileType = { characterDevice: 2, folder: 3, file: 4, symlink: 7 } as const;

/** What an inode and a name are charged against the volume's capacity, in bytes: about what they cost the host process. */
const inodeCost = 512;
const nameCost = 128;

type Common = {
  readonly inode: bigint;
  /** How many names lead here, and how many open descriptors. When both are zero its space is free again. */
  links: number;
  handles: number;
  /** Nanoseconds since the epoch. */
  accessed: bigint;
  modified: bigint;
  changed: bigint;
};
export type File = Common & { readonly type: typeof fileType.file; size: number; buffer: Uint8Array };
export type Folder = Common & { readonly type: typeof fileType.folder; readonly entries: Map<string, Inode>; parent: Folder | undefined };
export type Symlink = Common & { readonly type: typeof fileType.symlink; readonly target: string };
export type Inode = File | Folder | Symlink;

/**
 * A tree of files, folders and symbolic links held in memory: all that a guest's paths can ever lead to. `capacity` bounds
 * what it costs in bytes, names and inodes included; what does not fit is refused with NOSPC.
 */
export class Volume {
  readonly root: Folder;
  readonly #capacity: number;
  readonly #now: () => bigint;
  #used = 0;
  #inodes = 1n;

  constructor({ capacity, now }: { capacity: number; now: () => bigint }) {
    this.#capacity = capacity;
    this.#now = now;
    this.root = { ...this.#common(), type: fileType.folder, entries: new Map(), parent: undefined, links: 1 };
  }

  /** Bytes charged at present. */
  get used(): number {
    return this.#used;
  }

  #common(): Common {
    const now = this.#now();
    return { inode: this.#inodes++, links: 0, handles: 0, accessed: now, modified: now, changed: now };
  }

  #charge(bytes: number): void {
    if (this.#used + bytes > this.#capacity) fail('nospc');
    this.#used += bytes;
  }

  createFile(): File {
    return { ...this.#common(), type: fileType.file, size: 0, buffer: new Uint8Array(0) };
  }

  createFolder(): Folder {
    return { ...this.#common(), type: fileType.folder, entries: new Map(), parent: undefined };
  }

  createSymlink(target: string): Symlink {
    return { ...this.#common(), type: fileType.symlink, target };
  }

  /** Gives an inode a name; the first one makes it count. A folder that was itself removed takes no new names. */
  link(folder: Folder, name: string, inode: Inode): void {
    if (folder.links === 0) fail('noent');
    this.#charge(nameCost + 2 * name.length + (inode.links === 0 ? costOf(inode) : 0));
    folder.entries.set(name, inode);
    if (inode.type === fileType.folder) inode.parent = folder;
    inode.links++;
    folder.modified = folder.changed = inode.changed = this.#now();
  }

  unlink(folder: Folder, name: string): void {
    const inode = folder.entries.get(name);
    if (inode === undefined) return;
    folder.entries.delete(name);
    this.#used -= nameCost + 2 * name.length;
    inode.links--;
    folder.modified = folder.changed = inode.changed = this.#now();
    this.#freeIfForgotten(inode);
  }

  open(inode: Inode): void {
    inode.handles++;
  }

  close(inode: Inode): void {
    inode.handles--;
    this.#freeIfForgotten(inode);
  }

  #freeIfForgotten(inode: Inode): void {
    if (inode.links > 0 || inode.handles > 0) return;
    this.#used -= costOf(inode);
  }

  resize(file: File, size: number): void {
    this.#charge(size - file.size);
    if (size > file.buffer.length) {
      const grown = new Uint8Array(Math.max(size, Math.min(file.buffer.length * 2, this.#capacity)));
      grown.set(file.buffer.subarray(0, file.size));
      file.buffer = grown;
    } else file.buffer.fill(0, size, file.size);
    file.size = size;
    file.modified = file.changed = this.#now();
  }

  /** Writes at `offset`, filling a gap before it with zeros. */
  write(file: File, offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (offset + bytes.length > file.size) this.resize(file, offset + bytes.length);
    file.buffer.set(bytes, offset);
    file.modified = file.changed = this.#now();
  }

  /** Copies what there is at `offset` into `target` and says how much it was. */
  read(file: File, offset: number, target: Uint8Array): number {
    const length = Math.min(target.length, Math.max(0, file.size - offset));
    if (length > 0) target.set(file.buffer.subarray(offset, offset + length));
    return length;
  }
}

function costOf(inode: Inode): number {
  if (inode.type === fileType.file) return inodeCost + inode.size;
  return inode.type === fileType.symlink ? inodeCost + 2 * inode.target.length : inodeCost;
}

export function sizeOf(inode: Inode): number {
  if (inode.type === fileType.file) return inode.size;
  return inode.type === fileType.symlink ? Buffer.byteLength(inode.target) : 0;
}
