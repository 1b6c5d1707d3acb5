import { WasiEnd, type WasiCalls, type WasiContext } from './context.ts';
import { typeOf, type FileDescriptor, type StreamDescriptor } from './descriptors.ts';
import { fail } from './errno.ts';
import { rights } from './rights.ts';
import { putFilestat, setTimes } from './stat.ts';
import { sizeOf, type Inode } from './volume.ts';

const append = 1;
const knownFlags = 31;
const whence = { set: 0, current: 1, end: 2 } as const;
/** As in POSIX (IOV_MAX): enough for every program, and no way to make the host build a huge list. */
const mostBuffers = 1024;

/** The `fd_*` calls: what can be done with an open descriptor. */
export function fileCalls(job: WasiContext): WasiCalls {
  function buffers(pointer: number, count: number): Uint8Array[] {
    if (count >>> 0 > mostBuffers) fail('inval');
    const start = pointer >>> 0;
    const found: Uint8Array[] = [];
    for (let at = start; at < start + 8 * (count >>> 0); at += 8)
      found.push(job.memory.bytes(job.memory.getU32(at), job.memory.getU32(at + 4)));
    return found;
  }

  function readFile(file: FileDescriptor, offset: number, targets: Uint8Array[]): number {
    let total = 0;
    for (const target of targets) {
      const length = job.volume.read(file.inode, offset + total, target);
      total += length;
      if (length < target.length) break;
    }
    return total;
  }

  function writeFile(file: FileDescriptor, offset: number, sources: Uint8Array[]): number {
    let total = 0;
    for (const source of sources) {
      job.volume.write(file.inode, offset + total, source);
      total += source.length;
    }
    return total;
  }

  function readStdin(targets: Uint8Array[]): number {
    let total = 0;
    for (const target of targets) {
      const portion = job.stdin.bytes.subarray(job.stdin.offset, job.stdin.offset + target.length);
      target.set(portion);
      job.stdin.offset += portion.length;
      total += portion.length;
    }
    return total;
  }

  function writeStream({ stream }: StreamDescriptor, sources: Uint8Array[]): number {
    if (stream === 'stdin') fail('badf');
    const output = job[stream];
    let total = 0;
    for (const source of sources) {
      if (!output.append(source)) throw new WasiEnd('output', 0);
      total += source.length;
    }
    return total;
  }

  /** For `fd_readdir`: the entries of a folder as they are now, "." and ".." first. */
  function list({ inode }: { inode: Inode & { entries: Map<string, Inode>; parent: Inode | undefined } }): [string, Inode][] {
    return [['.', inode], ['..', inode.parent ?? inode], ...inode.entries];
  }

  return {
    fd_advise(fd: number, _offset: bigint, _length: bigint, advice: number) {
      job.descriptors.file(fd, rights.fdAdvise);
      if (advice < 0 || advice > 5) fail('inval');
    },
    fd_allocate(fd: number, offset: bigint, length: bigint) {
      const { inode } = job.descriptors.file(fd, rights.fdAllocate);
      if (length === 0n) fail('inval');
      const size = toSize(offset) + toSize(length);
      if (size > inode.size) job.volume.resize(inode, size);
    },
    fd_close: (fd: number) => job.descriptors.close(fd),
    fd_datasync: (fd: number) => void job.descriptors.get(fd),
    fd_sync: (fd: number) => void job.descriptors.get(fd),
    fd_fdstat_get(fd: number, result: number) {
      const found = job.descriptors.get(fd);
      const at = result >>> 0;
      job.memory.bytes(at, 24).fill(0);
      job.memory.setU8(at, typeOf(found));
      job.memory.setU16(at + 2, found.flags);
      job.memory.setU64(at + 8, found.rights);
      job.memory.setU64(at + 16, found.inheriting);
    },
    fd_fdstat_set_flags(fd: number, flags: number) {
      const found = job.descriptors.get(fd, rights.fdFdstatSetFlags);
      if (flags & ~knownFlags) fail('inval');
      found.flags = flags;
    },
    fd_fdstat_set_rights(fd: number, base: bigint, inheriting: bigint) {
      const found = job.descriptors.get(fd);
      const narrowed = { rights: BigInt.asUintN(64, base), inheriting: BigInt.asUintN(64, inheriting) };
      if (narrowed.rights & ~found.rights || narrowed.inheriting & ~found.inheriting) fail('notcapable');
      Object.assign(found, narrowed);
    },
    fd_filestat_get(fd: number, result: number) {
      const found = job.descriptors.get(fd);
      putFilestat(job.memory, result, found.kind === 'stream' ? undefined : found.inode);
    },
    fd_filestat_set_size(fd: number, size: bigint) {
      const found = job.descriptors.data(fd, rights.fdFilestatSetSize);
      if (found.kind === 'stream') fail('inval');
      job.volume.resize(found.inode, toSize(size));
    },
    fd_filestat_set_times(fd: number, accessed: bigint, modified: bigint, flags: number) {
      const found = job.descriptors.get(fd, rights.fdFilestatSetTimes);
      if (found.kind === 'stream') fail('inval');
      job.volume.mustBeWritable(found.inode);
      setTimes(found.inode, job.clock, { accessed, modified, flags });
    },
    fd_pread(fd: number, pointer: number, count: number, offset: bigint, result: number) {
      const file = job.descriptors.file(fd, rights.fdRead | rights.fdSeek);
      job.memory.setU32(result, readFile(file, toSize(offset), buffers(pointer, count)));
    },
    fd_pwrite(fd: number, pointer: number, count: number, offset: bigint, result: number) {
      const file = job.descriptors.file(fd, rights.fdWrite | rights.fdSeek);
      job.memory.setU32(result, writeFile(file, toSize(offset), buffers(pointer, count)));
    },
    fd_read(fd: number, pointer: number, count: number, result: number) {
      const found = job.descriptors.data(fd, rights.fdRead);
      const targets = buffers(pointer, count);
      if (found.kind === 'stream' && found.stream !== 'stdin') fail('badf');
      const total = found.kind === 'stream' ? readStdin(targets) : readFile(found, found.offset, targets);
      if (found.kind === 'file') found.offset += total;
      job.memory.setU32(result, total);
    },
    fd_write(fd: number, pointer: number, count: number, result: number) {
      const found = job.descriptors.data(fd, rights.fdWrite);
      const sources = buffers(pointer, count);
      if (found.kind === 'stream') return job.memory.setU32(result, writeStream(found, sources));
      if (found.flags & append) found.offset = found.inode.size;
      const total = writeFile(found, found.offset, sources);
      found.offset += total;
      job.memory.setU32(result, total);
    },
    fd_prestat_get(fd: number, result: number) {
      const found = job.descriptors.get(fd);
      if (found.kind !== 'folder' || found.preopen === undefined) fail('badf');
      job.memory.setU32(result, 0);
      job.memory.setU32((result >>> 0) + 4, found.preopen.length);
    },
    fd_prestat_dir_name(fd: number, target: number, length: number) {
      const found = job.descriptors.get(fd);
      if (found.kind !== 'folder' || found.preopen === undefined) fail('badf');
      if (length >>> 0 < found.preopen.length) fail('nametoolong');
      job.memory.bytes(target, found.preopen.length).set(found.preopen);
    },
    /** Cookies are places in the listing; an entry that does not fit is cut off, so that a full buffer means there is more. */
    fd_readdir(fd: number, target: number, length: number, cookie: bigint, result: number) {
      const folder = job.descriptors.folder(fd, rights.fdReaddir);
      if (cookie === 0n || folder.listing === undefined) folder.listing = list(folder);
      const buffer = job.memory.bytes(target, length);
      let used = 0;
      for (let place = toSize(cookie); place < folder.listing.length && used < buffer.length; place++) {
        const [name, inode] = folder.listing[place] ?? fail('inval');
        const entry = Buffer.concat([Buffer.alloc(24), Buffer.from(name)]);
        entry.writeBigUInt64LE(BigInt(place + 1), 0);
        entry.writeBigUInt64LE(inode.inode, 8);
        entry.writeUInt32LE(entry.length - 24, 16);
        entry.writeUInt8(inode.type, 20);
        const portion = entry.subarray(0, buffer.length - used);
        buffer.set(portion, used);
        used += portion.length;
      }
      job.memory.setU32(result, used);
    },
    fd_renumber: (from: number, to: number) => job.descriptors.renumber(from, to),
    fd_seek(fd: number, distance: bigint, from: number, result: number) {
      const found = job.descriptors.get(fd);
      if (found.kind === 'folder') fail('badf');
      if (found.kind === 'stream') fail('spipe');
      const needed = distance === 0n && from === whence.current ? rights.fdTell | rights.fdSeek : rights.fdSeek;
      if ((found.rights & needed) === 0n) fail('notcapable');
      const base =
        from === whence.set ? 0 : from === whence.current ? found.offset : from === whence.end ? sizeOf(found.inode) : fail('inval');
      found.offset = toSize(BigInt(base) + distance);
      job.memory.setU64(result, BigInt(found.offset));
    },
    fd_tell: (fd: number, result: number) => job.memory.setU64(result, BigInt(job.descriptors.file(fd, rights.fdTell).offset)),
  };
}

/** A size or offset, which is an unsigned 64-bit number that arrives signed. Nothing here is nearly as large as 2^53. */
function toSize(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) fail('inval');
  return Number(value);
}
