import { fail } from './errno.ts';

/** File types of WASI preview 1. */
export const fileType = { characterDevice: 2, folder: 3, file: 4, symlink: 7 } as const;

/** What an inode and a name are charged against the volume's capacity, in bytes: about what they cost the host process. */
const inodeCost = 512;
const nameCost = 128;
/** How much of a content that is elsewhere is fetched at a time. */
const blockBytes = 256 * 1024;

/** The top of a tree: the scratch folder, or a folder that was given. Nothing is renamed or linked from one to another. */
export type Root = { readonly path: string; readonly writable: boolean };
type Common = {
  readonly inode: bigint;
  readonly root: Root;
  /** How many names lead here, and how many open descriptors. When both are zero its space is free again. */
  links: number;
  handles: number;
  /** Nanoseconds since the epoch. */
  accessed: bigint;
  modified: bigint;
  changed: bigint;
};
/** While `source` is there, the bytes are those of that content and nothing of them is held here. */
export type File = Common & { readonly type: typeof fileType.file; size: number; buffer: Uint8Array; source: string | undefined };
export type Folder = Common & { readonly type: typeof fileType.folder; readonly entries: Map<string, Inode>; parent: Folder | undefined };
export type Symlink = Common & { readonly type: typeof fileType.symlink; readonly target: string };
export type Inode = File | Folder | Symlink;

/** Answers the bytes of a content that a mount named: `length` of them, or fewer where it ends. */
export type ReadContent = (content: string, offset: number, length: number) => Uint8Array;

/**
 * Trees of files, folders and symbolic links held in memory: all that a guest's paths can ever lead to. `capacity` bounds what
 * a guest adds to them in bytes, names and inodes included; what does not fit is refused with NOSPC.
 */
export class Volume {
  /** What a guest can begin its paths at. */
  readonly roots: { root: Root; folder: Folder }[] = [];
  #capacity: number;
  readonly #now: () => bigint;
  readonly #readContent: ReadContent;
  #block: { content: string; offset: number; bytes: Uint8Array } | undefined;
  #used = 0;
  #inodes = 1n;

  constructor({ capacity, now, readContent }: { capacity: number; now: () => bigint; readContent: ReadContent }) {
    this.#capacity = capacity;
    this.#now = now;
    this.#readContent = readContent;
  }

  /** Bytes charged at present. */
  get used(): number {
    return this.#used;
  }

  addRoot(root: Root): Folder {
    const folder: Folder = { ...this.#common(root), type: fileType.folder, entries: new Map(), parent: undefined, links: 1 };
    this.roots.push({ root, folder });
    return folder;
  }

  #common(root: Root): Common {
    const now = this.#now();
    return { inode: this.#inodes++, root, links: 0, handles: 0, accessed: now, modified: now, changed: now };
  }

  #charge(bytes: number): void {
    if (this.#used + bytes > this.#capacity) fail('nospc');
    this.#used += bytes;
  }

  createFile({ root }: Folder): File {
    return { ...this.#common(root), type: fileType.file, size: 0, buffer: new Uint8Array(0), source: undefined };
  }

  createFolder({ root }: Folder): Folder {
    return { ...this.#common(root), type: fileType.folder, entries: new Map(), parent: undefined };
  }

  createSymlink({ root }: Folder, target: string): Symlink {
    return { ...this.#common(root), type: fileType.symlink, target };
  }

  /** Puts something where it was before the guest came: it takes no room from the guest, and is there whatever the root allows. */
  seed(folder: Folder, name: string, inode: Inode, modified: bigint): void {
    inode.accessed = inode.modified = inode.changed = modified;
    inode.links = 1;
    if (inode.type === fileType.folder) inode.parent = folder;
    folder.entries.set(name, inode);
    const cost = this.#nameCost(name) + costOf(inode);
    this.#capacity += cost;
    this.#used += cost;
  }

  #nameCost(name: string): number {
    return nameCost + 2 * name.length;
  }

  /** Gives an inode a name; the first one makes it count. A folder that was itself removed takes no new names. */
  link(folder: Folder, name: string, inode: Inode): void {
    this.mustBeWritable(folder);
    if (folder.links === 0) fail('noent');
    if (folder.root !== inode.root) fail('xdev');
    this.#charge(this.#nameCost(name) + (inode.links === 0 ? costOf(inode) : 0));
    folder.entries.set(name, inode);
    if (inode.type === fileType.folder) inode.parent = folder;
    inode.links++;
    folder.modified = folder.changed = inode.changed = this.#now();
  }

  unlink(folder: Folder, name: string): void {
    const inode = folder.entries.get(name);
    if (inode === undefined) return;
    this.mustBeWritable(folder);
    if (inode.root !== folder.root) fail('busy');
    folder.entries.delete(name);
    this.#used -= this.#nameCost(name);
    inode.links--;
    folder.modified = folder.changed = inode.changed = this.#now();
    this.#freeIfForgotten(inode);
  }

  /** Throws ROFS where nothing may be changed. */
  mustBeWritable({ root }: Inode): void {
    if (!root.writable) fail('rofs');
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
    this.mustBeWritable(file);
    if (size === 0 && file.source !== undefined) Object.assign(file, { source: undefined, size: 0 });
    this.#take(file);
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
    this.mustBeWritable(file);
    if (bytes.length === 0) return;
    this.#take(file);
    if (offset + bytes.length > file.size) this.resize(file, offset + bytes.length);
    file.buffer.set(bytes, offset);
    file.modified = file.changed = this.#now();
  }

  /** Copies what there is at `offset` into `target` and says how much it was. */
  read(file: File, offset: number, target: Uint8Array): number {
    const length = Math.min(target.length, Math.max(0, file.size - offset));
    if (length <= 0) return 0;
    if (file.source === undefined) target.set(file.buffer.subarray(offset, offset + length));
    else for (let done = 0; done < length;) done += this.#fetch(file, file.source, offset + done, target.subarray(done, length));
    return length;
  }

  /** Before the first change of a file that is elsewhere: brings its bytes here, where they count. */
  #take(file: File): void {
    if (file.source === undefined) return;
    this.#charge(file.size);
    const bytes = new Uint8Array(file.size);
    try {
      this.read(file, 0, bytes);
    } catch (error) {
      this.#used -= file.size;
      throw error;
    }
    file.buffer = bytes;
    file.source = undefined;
  }

  #fetch({ size }: File, content: string, offset: number, target: Uint8Array): number {
    const isHere = (block = this.#block) =>
      block?.content === content && offset >= block.offset && offset < block.offset + block.bytes.length;
    if (!isHere()) {
      const wanted = Math.min(size - offset, Math.max(target.length, blockBytes));
      this.#block = { content, offset, bytes: this.#readContent(content, offset, Math.min(wanted, 4 * blockBytes)) };
    }
    const block = this.#block;
    if (block === undefined || !isHere()) return fail('io');
    const portion = block.bytes.subarray(offset - block.offset, offset - block.offset + target.length);
    target.set(portion);
    return portion.length;
  }
}

function costOf(inode: Inode): number {
  if (inode.type === fileType.file) return inodeCost + (inode.source === undefined ? inode.size : 0);
  return inode.type === fileType.symlink ? inodeCost + 2 * inode.target.length : inodeCost;
}

export function sizeOf(inode: Inode): number {
  if (inode.type === fileType.file) return inode.size;
  return inode.type === fileType.symlink ? Buffer.byteLength(inode.target) : 0;
}
