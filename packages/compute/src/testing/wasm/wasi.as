// What the WASI guests of the tests share, in AssemblyScript: the calls as they are, and short names for what most cases need.

@external("wasi_snapshot_preview1", "args_sizes_get") export declare function args_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "args_get") export declare function args_get(pointers: usize, buffer: usize): i32;
@external("wasi_snapshot_preview1", "environ_sizes_get") export declare function environ_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "environ_get") export declare function environ_get(pointers: usize, buffer: usize): i32;
@external("wasi_snapshot_preview1", "clock_time_get") export declare function clock_time_get(id: i32, precision: u64, result: usize): i32;
@external("wasi_snapshot_preview1", "random_get") export declare function random_get(buffer: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "fd_read") export declare function fd_read(fd: i32, vectors: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_write") export declare function fd_write(fd: i32, vectors: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_close") export declare function fd_close(fd: i32): i32;
@external("wasi_snapshot_preview1", "fd_seek") export declare function fd_seek(fd: i32, offset: i64, whence: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_readdir") export declare function fd_readdir(fd: i32, buffer: usize, length: usize, cookie: u64, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_prestat_get") export declare function fd_prestat_get(fd: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "path_open") export declare function path_open(fd: i32, lookup: i32, path: usize, length: usize, open: i32, rights: u64, inheriting: u64, flags: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "path_create_directory") export declare function path_create_directory(fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_remove_directory") export declare function path_remove_directory(fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_unlink_file") export declare function path_unlink_file(fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_rename") export declare function path_rename(oldFd: i32, oldPath: usize, oldLength: usize, newFd: i32, newPath: usize, newLength: usize): i32;
@external("wasi_snapshot_preview1", "path_link") export declare function path_link(oldFd: i32, flags: i32, oldPath: usize, oldLength: usize, newFd: i32, newPath: usize, newLength: usize): i32;
@external("wasi_snapshot_preview1", "path_symlink") export declare function path_symlink(target: usize, targetLength: usize, fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_readlink") export declare function path_readlink(fd: i32, path: usize, length: usize, buffer: usize, size: usize, result: usize): i32;
@external("wasi_snapshot_preview1", "path_filestat_get") export declare function path_filestat_get(fd: i32, lookup: i32, path: usize, length: usize, result: usize): i32;
@external("wasi_snapshot_preview1", "poll_oneoff") export declare function poll_oneoff(subscriptions: usize, events: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "sock_accept") export declare function sock_accept(fd: i32, flags: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "sock_recv") export declare function sock_recv(fd: i32, vectors: usize, count: i32, flags: i32, size: usize, outFlags: usize): i32;
@external("wasi_snapshot_preview1", "sock_send") export declare function sock_send(fd: i32, vectors: usize, count: i32, flags: i32, size: usize): i32;
@external("wasi_snapshot_preview1", "sock_shutdown") export declare function sock_shutdown(fd: i32, how: i32): i32;
@external("wasi_snapshot_preview1", "proc_exit") export declare function proc_exit(code: i32): void;

export const ROOT = 3;
export const CREATE = 1, FOLDER = 2, EXCLUSIVE = 4, TRUNCATE = 8;
export const READ: u64 = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 21;
export const WRITE: u64 = READ | 1 << 6;
export const ALL: u64 = 0x0fffffff;
export const LOOK: u64 = ALL & ~(<u64>1 << 6);

// Places for results and vectors, in memory that the compiler leaves alone.
export const place = memory.data(64);
export const vector = memory.data(16);
export const scratch = memory.data(65536);
export const out = memory.data(8);

export function write(fd: i32, bytes: ArrayBuffer): i32 {
  store<usize>(vector, changetype<usize>(bytes));
  store<u32>(vector, bytes.byteLength, 4);
  return fd_write(fd, vector, 1, out);
}

export function print(line: string): void {
  write(1, String.UTF8.encode(line + "\n"));
}

export function report(what: string, errno: i32): void {
  print(what + " " + errno.toString());
}

export function strings(count: u32, pointers: usize): string[] {
  const list: string[] = [];
  for (let i: u32 = 0; i < count; i++) list.push(String.UTF8.decodeUnsafe(load<u32>(pointers + 4 * i), 1 << 16, true));
  return list;
}

export function args(): string[] {
  args_sizes_get(place, place + 4);
  const count = load<u32>(place);
  const pointers = heap.alloc(4 * count);
  args_get(pointers, heap.alloc(load<u32>(place, 4)));
  return strings(count, pointers);
}

export function environment(): string[] {
  environ_sizes_get(place, place + 4);
  const count = load<u32>(place);
  const pointers = heap.alloc(4 * count + 4);
  environ_get(pointers, heap.alloc(load<u32>(place, 4) + 1));
  return strings(count, pointers);
}

export function read(fd: i32): string {
  let text = "";
  store<usize>(vector, scratch);
  store<u32>(vector, 65536, 4);
  while (fd_read(fd, vector, 1, out) == 0 && load<u32>(out) != 0) text += String.UTF8.decodeUnsafe(scratch, load<u32>(out));
  return text;
}

export function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

export function at(bytes: ArrayBuffer): usize {
  return changetype<usize>(bytes);
}

/** The new descriptor, or the error number below zero. */
export function open(path: string, flags: i32, rights: u64, lookup: i32 = 1, fd: i32 = ROOT): i32 {
  const bytes = utf8(path);
  const errno = path_open(fd, lookup, at(bytes), bytes.byteLength, flags, rights, ALL, 0, place);
  return errno == 0 ? load<i32>(place) : -errno;
}

export function mkdir(path: string): i32 {
  const bytes = utf8(path);
  return path_create_directory(ROOT, at(bytes), bytes.byteLength);
}

export function rmdir(path: string): i32 {
  const bytes = utf8(path);
  return path_remove_directory(ROOT, at(bytes), bytes.byteLength);
}

export function unlink(path: string): i32 {
  const bytes = utf8(path);
  return path_unlink_file(ROOT, at(bytes), bytes.byteLength);
}

export function rename(from: string, to: string): i32 {
  const a = utf8(from), b = utf8(to);
  return path_rename(ROOT, at(a), a.byteLength, ROOT, at(b), b.byteLength);
}

export function link(from: string, to: string): i32 {
  const a = utf8(from), b = utf8(to);
  return path_link(ROOT, 0, at(a), a.byteLength, ROOT, at(b), b.byteLength);
}

export function symlink(target: string, path: string): i32 {
  const a = utf8(target), b = utf8(path);
  return path_symlink(at(a), a.byteLength, ROOT, at(b), b.byteLength);
}

export function readlink(path: string): string {
  const bytes = utf8(path);
  const errno = path_readlink(ROOT, at(bytes), bytes.byteLength, scratch, 65536, out);
  return errno == 0 ? String.UTF8.decodeUnsafe(scratch, load<u32>(out)) : errno.toString();
}

export function stat(path: string, lookup: i32 = 1): i32 {
  const bytes = utf8(path);
  return path_filestat_get(ROOT, lookup, at(bytes), bytes.byteLength, place);
}

export function put(path: string, text: string): i32 {
  const fd = open(path, CREATE | TRUNCATE, WRITE);
  if (fd < 0) return -fd;
  const errno = write(fd, utf8(text));
  fd_close(fd);
  return errno;
}

export function get(path: string, lookup: i32 = 1): string {
  const fd = open(path, 0, READ, lookup);
  if (fd < 0) return "error " + (-fd).toString();
  const text = read(fd);
  fd_close(fd);
  return text;
}

/** The names in a folder, read `size` bytes at a time. */
export function list(path: string, size: i32): string[] {
  const names: string[] = [];
  const fd = path == "." ? ROOT : open(path, FOLDER, LOOK);
  let cookie: u64 = 0;
  for (;;) {
    fd_readdir(fd, scratch, size, cookie, out);
    const used = load<u32>(out);
    let offset: u32 = 0;
    while (offset + 24 <= used && offset + 24 + load<u32>(scratch + offset, 16) <= used) {
      const length = load<u32>(scratch + offset, 16);
      names.push(String.UTF8.decodeUnsafe(scratch + offset + 24, length));
      cookie = load<u64>(scratch + offset);
      offset += 24 + length;
    }
    if (used < <u32>size || offset == 0) break;
  }
  return names;
}
