import { createHash } from 'node:crypto';
import type { WasiContext } from '../../wasi/context.ts';
import { fail, WasiFailure } from '../../wasi/errno.ts';
import { setTimes } from '../../wasi/stat.ts';
import * as tree from '../../wasi/tree.ts';
import { fileType, sizeOf, type File, type Folder, type Inode } from '../../wasi/volume.ts';
import { codeOf, refuseWith } from './failure.ts';
import type { Streams } from './streams.ts';

type PathFlags = { symlinkFollow?: boolean };
type OpenFlags = { create?: boolean; directory?: boolean; exclusive?: boolean; truncate?: boolean };
type DescriptorFlags = { read?: boolean; write?: boolean; mutateDirectory?: boolean };
type Datetime = { seconds: bigint; nanoseconds: number };
type NewTimestamp = { tag: 'no-change' } | { tag: 'now' } | { tag: 'timestamp'; val: Datetime };

const mostDescriptors = 1024;
/** The most bytes that one read answers, whatever was asked for. */
const largestRead = 1024 * 1024;

/** wasi:filesystem: descriptors of the job's volume, in which no path of the host exists. */
export function openFiles(job: WasiContext, { InputStream, OutputStream, IoError }: Streams) {
  const { volume } = job;
  let open = 0;

  /** Answers a failure of the volume as its `error-code`. */
  function told<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof WasiFailure)) throw error;
      return refuseWith(codeOf(error));
    }
  }

  class DirectoryEntryStream {
    readonly #entries: Iterator<[string, Inode]>;
    constructor(entries: [string, Inode][]) {
      this.#entries = entries.values();
    }
    readDirectoryEntry(): { type: string; name: string } | undefined {
      const { value } = this.#entries.next();
      return value && { name: value[0], type: typeOf(value[1]) };
    }
  }

  class Descriptor {
    readonly #inode: File | Folder;
    readonly #flags: DescriptorFlags;

    constructor(inode: File | Folder, flags: DescriptorFlags) {
      if (open >= mostDescriptors) fail('mfile');
      open++;
      volume.open(inode);
      this.#inode = inode;
      this.#flags = flags;
    }

    [Symbol.dispose](): void {
      open--;
      volume.close(this.#inode);
    }

    #file(): File {
      return this.#inode.type === fileType.file ? this.#inode : fail('isdir');
    }

    #readable(): File {
      return this.#flags.read === true ? this.#file() : fail('badf');
    }

    #writable(): File {
      return this.#flags.write === true ? this.#file() : fail('badf');
    }

    #at(path: string): tree.Place {
      return { start: this.#inode.type === fileType.folder ? this.#inode : fail('notdir'), path: checkPath(path) };
    }

    readViaStream(offset: bigint): InstanceType<Streams['InputStream']> {
      const file = told(() => this.#readable());
      let at = told(() => toSize(offset));
      return new InputStream((length) => {
        const bytes = new Uint8Array(Math.min(length, Math.max(0, file.size - at)));
        const read = volume.read(file, at, bytes);
        at += read;
        return bytes.subarray(0, read);
      });
    }

    writeViaStream(offset: bigint): InstanceType<Streams['OutputStream']> {
      const file = told(() => this.#writable());
      let at = told(() => toSize(offset));
      return new OutputStream((bytes) => {
        volume.write(file, at, bytes);
        at += bytes.length;
      });
    }

    appendViaStream(): InstanceType<Streams['OutputStream']> {
      const file = told(() => this.#writable());
      return new OutputStream((bytes) => volume.write(file, file.size, bytes));
    }

    advise(): void {
      told(() => this.#file());
    }
    syncData(): void {}
    sync(): void {}
    /** Whether a folder may be changed is said by what it belongs to, whatever it was opened with. */
    getFlags(): DescriptorFlags {
      const { type, root } = this.#inode;
      return { ...this.#flags, mutateDirectory: type === fileType.folder && root.writable };
    }
    getType(): string {
      return typeOf(this.#inode);
    }
    setSize(size: bigint): void {
      told(() => volume.resize(this.#writable(), toSize(size)));
    }
    setTimes(accessed: NewTimestamp, modified: NewTimestamp): void {
      told(() => changeTimes(this.#inode, accessed, modified));
    }
    read(length: bigint, offset: bigint): [Uint8Array, boolean] {
      return told(() => {
        const file = this.#readable();
        const at = toSize(offset);
        const bytes = new Uint8Array(Math.min(largestRead, toSize(length), Math.max(0, file.size - at)));
        const read = volume.read(file, at, bytes);
        return [bytes.subarray(0, read), at + read >= file.size];
      });
    }
    write(bytes: Uint8Array, offset: bigint): bigint {
      told(() => volume.write(this.#writable(), toSize(offset), bytes));
      return BigInt(bytes.length);
    }
    readDirectory(): DirectoryEntryStream {
      return told(() => new DirectoryEntryStream(this.#inode.type === fileType.folder ? [...this.#inode.entries] : fail('notdir')));
    }
    createDirectoryAt(path: string): void {
      told(() => tree.createFolder(volume, this.#at(path)));
    }
    stat() {
      return statOf(this.#inode);
    }
    statAt({ symlinkFollow = false }: PathFlags, path: string) {
      return statOf(told(() => tree.find(this.#at(path), { follow: symlinkFollow }).inode));
    }
    setTimesAt({ symlinkFollow = false }: PathFlags, path: string, accessed: NewTimestamp, modified: NewTimestamp): void {
      told(() => changeTimes(tree.find(this.#at(path), { follow: symlinkFollow }).inode, accessed, modified));
    }
    linkAt({ symlinkFollow = false }: PathFlags, path: string, to: Descriptor, newPath: string): void {
      told(() => {
        if (symlinkFollow) fail('inval');
        tree.linkAt(volume, this.#at(path), to.#at(newPath));
      });
    }
    openAt({ symlinkFollow = false }: PathFlags, path: string, how: OpenFlags, flags: DescriptorFlags): Descriptor {
      return told(() => {
        const { create = false, directory = false, exclusive = false, truncate = false } = how;
        const { read = false, write = false } = flags;
        const inode = tree.openAt(volume, this.#at(path), { follow: symlinkFollow, create, folder: directory, exclusive, truncate, write });
        return new Descriptor(inode, { read, write });
      });
    }
    readlinkAt(path: string): string {
      return told(() => tree.targetOf(this.#at(path)));
    }
    removeDirectoryAt(path: string): void {
      told(() => tree.removeFolder(volume, this.#at(path)));
    }
    renameAt(path: string, to: Descriptor, newPath: string): void {
      told(() => tree.renameAt(volume, this.#at(path), to.#at(newPath)));
    }
    symlinkAt(target: string, path: string): void {
      told(() => tree.symlinkAt(volume, checkPath(target), this.#at(path)));
    }
    unlinkFileAt(path: string): void {
      told(() => tree.unlinkFile(volume, this.#at(path)));
    }
    isSameObject(other: Descriptor): boolean {
      return this.#inode === other.#inode;
    }
    metadataHash() {
      return hashOf(this.#inode);
    }
    metadataHashAt({ symlinkFollow = false }: PathFlags, path: string) {
      return hashOf(told(() => tree.find(this.#at(path), { follow: symlinkFollow }).inode));
    }
  }

  function changeTimes(inode: Inode, accessed: NewTimestamp, modified: NewTimestamp): void {
    volume.mustBeWritable(inode);
    const flagOf = ({ tag }: NewTimestamp) => (tag === 'timestamp' ? 1 : tag === 'now' ? 2 : 0);
    const valueOf = (time: NewTimestamp) => (time.tag === 'timestamp' ? toNanoseconds(time.val) : 0n);
    const flags = flagOf(accessed) | (flagOf(modified) << 2);
    setTimes(inode, job.clock, { accessed: valueOf(accessed), modified: valueOf(modified), flags });
  }

  return {
    imports: {
      'wasi:filesystem/preopens': {
        getDirectories: (): [Descriptor, string][] =>
          volume.roots.map(({ root, folder }) => [new Descriptor(folder, { read: true }), root.path]),
      },
      'wasi:filesystem/types': {
        Descriptor,
        DirectoryEntryStream,
        filesystemErrorCode: (error: InstanceType<typeof IoError>): string => error.code,
      },
    },
  };
}

function typeOf({ type }: Inode): string {
  return type === fileType.folder ? 'directory' : type === fileType.symlink ? 'symbolic-link' : 'regular-file';
}

function statOf(inode: Inode) {
  return {
    type: typeOf(inode),
    linkCount: BigInt(inode.links),
    size: BigInt(sizeOf(inode)),
    dataAccessTimestamp: toDatetime(inode.accessed),
    dataModificationTimestamp: toDatetime(inode.modified),
    statusChangeTimestamp: toDatetime(inode.changed),
  };
}

/** Two numbers that differ where the thing or its content may differ. */
function hashOf(inode: Inode): { lower: bigint; upper: bigint } {
  const digest = createHash('sha256')
    .update(`${inode.inode} ${inode.type} ${sizeOf(inode)} ${inode.modified}`)
    .digest();
  return { lower: digest.readBigUInt64LE(0), upper: digest.readBigUInt64LE(8) };
}

const second = 1_000_000_000n;
export const toDatetime = (nanoseconds: bigint): Datetime => ({
  seconds: nanoseconds / second,
  nanoseconds: Number(nanoseconds % second),
});
const toNanoseconds = ({ seconds, nanoseconds }: Datetime): bigint => seconds * second + BigInt(nanoseconds);

/** No file system could hold a NUL. */
const checkPath = (path: string): string => (path.includes('\0') ? fail('inval') : path);

function toSize(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? fail('inval') : Number(value);
}
