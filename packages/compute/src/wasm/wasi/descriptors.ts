import { errno, fail } from './errno.ts';
import { fileRights, folderRights, streamRights } from './rights.ts';
import { fileType, type File, type Folder, type Inode, type Volume } from './volume.ts';

type Common = {
  /** What may be done through this descriptor, and through those opened from it. */
  rights: bigint;
  inheriting: bigint;
  /** `fdflags` of WASI preview 1; only APPEND means something here. */
  flags: number;
};
export type StreamDescriptor = Common & { kind: 'stream'; stream: 'stdin' | 'stdout' | 'stderr' };
export type FileDescriptor = Common & { kind: 'file'; inode: File; offset: number };
export type FolderDescriptor = Common & {
  kind: 'folder';
  inode: Folder;
  /** The name under which the program finds this folder, when it was given to it. */
  preopen?: Uint8Array;
  /** What `fd_readdir` serves, taken when reading begins so that removing entries meanwhile skips none. */
  listing?: [name: string, inode: Inode][];
};
export type Descriptor = StreamDescriptor | FileDescriptor | FolderDescriptor;

const mostDescriptors = 1024;

/** The open descriptors of one guest: 0 to 2 are the standard streams, then its preopened folders, then what it opens. */
export class Descriptors {
  readonly #findVolume: () => Volume;
  #volume: Volume | undefined;
  readonly #open: (Descriptor | undefined)[];

  /** The folders are asked for when the first descriptor beyond the streams is. */
  constructor(volume: () => Volume) {
    this.#findVolume = volume;
    this.#open = (['stdin', 'stdout', 'stderr'] as const).map((stream) => ({
      kind: 'stream',
      stream,
      rights: streamRights,
      inheriting: 0n,
      flags: 0,
    }));
  }

  #withFolders(): Volume {
    if (this.#volume !== undefined) return this.#volume;
    this.#volume = this.#findVolume();
    for (const { root, folder } of this.#volume.roots)
      this.add({
        kind: 'folder',
        inode: folder,
        preopen: Buffer.from(root.path),
        rights: folderRights,
        inheriting: folderRights | fileRights,
        flags: 0,
      });
    return this.#volume;
  }

  add(descriptor: Descriptor): number {
    const volume = this.#withFolders();
    let number = 3;
    while (this.#open[number] !== undefined) number++;
    if (number >= mostDescriptors) fail('mfile');
    if (descriptor.kind !== 'stream') volume.open(descriptor.inode);
    this.#open[number] = descriptor;
    return number;
  }

  get(number: number, needed = 0n): Descriptor {
    const found = this.#open[number >>> 0] ?? this.#beyondStreams(number >>> 0) ?? fail('badf');
    if ((found.rights & needed) !== needed) fail('notcapable');
    return found;
  }

  #beyondStreams(number: number): Descriptor | undefined {
    this.#withFolders();
    return this.#open[number];
  }

  folder(number: number, needed = 0n): FolderDescriptor {
    const found = this.get(number);
    if (found.kind !== 'folder') fail('notdir');
    this.get(number, needed);
    return found;
  }

  /** A file or a standard stream. */
  data(number: number, needed = 0n): FileDescriptor | StreamDescriptor {
    const found = this.get(number);
    if (found.kind === 'folder') fail('isdir');
    this.get(number, needed);
    return found;
  }

  /** A file, with the error that seeking in a stream earns. */
  file(number: number, needed = 0n): FileDescriptor {
    const found = this.data(number);
    if (found.kind === 'stream') fail('spipe');
    this.get(number, needed);
    return found;
  }

  close(number: number): void {
    const found = this.get(number);
    this.#open[number >>> 0] = undefined;
    if (found.kind !== 'stream') this.#withFolders().close(found.inode);
  }

  renumber(from: number, to: number): void {
    const moved = this.get(from);
    this.get(to);
    if (from === to) return;
    this.close(to);
    this.#open[to >>> 0] = moved;
    this.#open[from >>> 0] = undefined;
  }

  /** The error for sockets, of which there are none. */
  socket(number: number): number {
    this.get(number);
    return errno.notsock;
  }
}

export function typeOf(descriptor: Descriptor): number {
  return descriptor.kind === 'stream' ? fileType.characterDevice : descriptor.inode.type;
}
