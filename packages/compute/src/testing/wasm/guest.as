// The WASI guest of the tests, in AssemblyScript: it does what its first argument says and prints what came of it.

@external("wasi_snapshot_preview1", "args_sizes_get") declare function args_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "args_get") declare function args_get(pointers: usize, buffer: usize): i32;
@external("wasi_snapshot_preview1", "environ_sizes_get") declare function environ_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "environ_get") declare function environ_get(pointers: usize, buffer: usize): i32;
@external("wasi_snapshot_preview1", "clock_time_get") declare function clock_time_get(id: i32, precision: u64, result: usize): i32;
@external("wasi_snapshot_preview1", "random_get") declare function random_get(buffer: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "fd_read") declare function fd_read(fd: i32, vectors: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_write") declare function fd_write(fd: i32, vectors: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_close") declare function fd_close(fd: i32): i32;
@external("wasi_snapshot_preview1", "fd_seek") declare function fd_seek(fd: i32, offset: i64, whence: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_readdir") declare function fd_readdir(fd: i32, buffer: usize, length: usize, cookie: u64, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_prestat_get") declare function fd_prestat_get(fd: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "path_open") declare function path_open(fd: i32, lookup: i32, path: usize, length: usize, open: i32, rights: u64, inheriting: u64, flags: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "path_create_directory") declare function path_create_directory(fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_remove_directory") declare function path_remove_directory(fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_unlink_file") declare function path_unlink_file(fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_rename") declare function path_rename(oldFd: i32, oldPath: usize, oldLength: usize, newFd: i32, newPath: usize, newLength: usize): i32;
@external("wasi_snapshot_preview1", "path_link") declare function path_link(oldFd: i32, flags: i32, oldPath: usize, oldLength: usize, newFd: i32, newPath: usize, newLength: usize): i32;
@external("wasi_snapshot_preview1", "path_symlink") declare function path_symlink(target: usize, targetLength: usize, fd: i32, path: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "path_readlink") declare function path_readlink(fd: i32, path: usize, length: usize, buffer: usize, size: usize, result: usize): i32;
@external("wasi_snapshot_preview1", "path_filestat_get") declare function path_filestat_get(fd: i32, lookup: i32, path: usize, length: usize, result: usize): i32;
@external("wasi_snapshot_preview1", "poll_oneoff") declare function poll_oneoff(subscriptions: usize, events: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "sock_accept") declare function sock_accept(fd: i32, flags: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "sock_recv") declare function sock_recv(fd: i32, vectors: usize, count: i32, flags: i32, size: usize, outFlags: usize): i32;
@external("wasi_snapshot_preview1", "sock_send") declare function sock_send(fd: i32, vectors: usize, count: i32, flags: i32, size: usize): i32;
@external("wasi_snapshot_preview1", "sock_shutdown") declare function sock_shutdown(fd: i32, how: i32): i32;
@external("wasi_snapshot_preview1", "proc_exit") declare function proc_exit(code: i32): void;

const ROOT = 3;
const CREATE = 1, FOLDER = 2, EXCLUSIVE = 4, TRUNCATE = 8;
const READ: u64 = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 21;
const WRITE: u64 = READ | 1 << 6;
const ALL: u64 = 0x0fffffff;
const LOOK: u64 = ALL & ~(<u64>1 << 6);

// Places for results and vectors, in memory that the compiler leaves alone.
const place = memory.data(64);
const vector = memory.data(16);
const scratch = memory.data(65536);
const out = memory.data(8);

function write(fd: i32, bytes: ArrayBuffer): i32 {
  store<usize>(vector, changetype<usize>(bytes));
  store<u32>(vector, bytes.byteLength, 4);
  return fd_write(fd, vector, 1, out);
}

function print(line: string): void {
  write(1, String.UTF8.encode(line + "\n"));
}

function report(what: string, errno: i32): void {
  print(what + " " + errno.toString());
}

function strings(count: u32, pointers: usize): string[] {
  const list: string[] = [];
  for (let i: u32 = 0; i < count; i++) list.push(String.UTF8.decodeUnsafe(load<u32>(pointers + 4 * i), 1 << 16, true));
  return list;
}

function args(): string[] {
  args_sizes_get(place, place + 4);
  const count = load<u32>(place);
  const pointers = heap.alloc(4 * count);
  args_get(pointers, heap.alloc(load<u32>(place, 4)));
  return strings(count, pointers);
}

function environment(): string[] {
  environ_sizes_get(place, place + 4);
  const count = load<u32>(place);
  const pointers = heap.alloc(4 * count + 4);
  environ_get(pointers, heap.alloc(load<u32>(place, 4) + 1));
  return strings(count, pointers);
}

function read(fd: i32): string {
  let text = "";
  store<usize>(vector, scratch);
  store<u32>(vector, 65536, 4);
  while (fd_read(fd, vector, 1, out) == 0 && load<u32>(out) != 0) text += String.UTF8.decodeUnsafe(scratch, load<u32>(out));
  return text;
}

function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

function at(bytes: ArrayBuffer): usize {
  return changetype<usize>(bytes);
}

/** The new descriptor, or the error number below zero. */
function open(path: string, flags: i32, rights: u64, lookup: i32 = 1, fd: i32 = ROOT): i32 {
  const bytes = utf8(path);
  const errno = path_open(fd, lookup, at(bytes), bytes.byteLength, flags, rights, ALL, 0, place);
  return errno == 0 ? load<i32>(place) : -errno;
}

function mkdir(path: string): i32 {
  const bytes = utf8(path);
  return path_create_directory(ROOT, at(bytes), bytes.byteLength);
}

function rmdir(path: string): i32 {
  const bytes = utf8(path);
  return path_remove_directory(ROOT, at(bytes), bytes.byteLength);
}

function unlink(path: string): i32 {
  const bytes = utf8(path);
  return path_unlink_file(ROOT, at(bytes), bytes.byteLength);
}

function rename(from: string, to: string): i32 {
  const a = utf8(from), b = utf8(to);
  return path_rename(ROOT, at(a), a.byteLength, ROOT, at(b), b.byteLength);
}

function link(from: string, to: string): i32 {
  const a = utf8(from), b = utf8(to);
  return path_link(ROOT, 0, at(a), a.byteLength, ROOT, at(b), b.byteLength);
}

function symlink(target: string, path: string): i32 {
  const a = utf8(target), b = utf8(path);
  return path_symlink(at(a), a.byteLength, ROOT, at(b), b.byteLength);
}

function readlink(path: string): string {
  const bytes = utf8(path);
  const errno = path_readlink(ROOT, at(bytes), bytes.byteLength, scratch, 65536, out);
  return errno == 0 ? String.UTF8.decodeUnsafe(scratch, load<u32>(out)) : errno.toString();
}

function stat(path: string, lookup: i32 = 1): i32 {
  const bytes = utf8(path);
  return path_filestat_get(ROOT, lookup, at(bytes), bytes.byteLength, place);
}

function put(path: string, text: string): i32 {
  const fd = open(path, CREATE | TRUNCATE, WRITE);
  if (fd < 0) return -fd;
  const errno = write(fd, utf8(text));
  fd_close(fd);
  return errno;
}

function get(path: string, lookup: i32 = 1): string {
  const fd = open(path, 0, READ, lookup);
  if (fd < 0) return "error " + (-fd).toString();
  const text = read(fd);
  fd_close(fd);
  return text;
}

/** The names in a folder, read `size` bytes at a time. */
function list(path: string, size: i32): string[] {
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

function hello(): void {
  const given = args();
  print("arguments " + given.join(","));
  print("environment " + environment().join(","));
  print("input " + read(0));
  write(2, utf8("to stderr"));
}

function files(): void {
  report("mkdir", mkdir("a"));
  report("mkdir again", mkdir("a"));
  report("put", put("a/one.txt", "first"));
  print("get " + get("a/one.txt"));
  report("rename", rename("a/one.txt", "a/two.txt"));
  print("gone " + get("a/one.txt"));
  print("moved " + get("a/two.txt"));
  report("symlink", symlink("a/two.txt", "s"));
  print("readlink " + readlink("s"));
  print("through link " + get("s"));
  print("not followed " + get("s", 0));
  report("hard link", link("a/two.txt", "h"));
  report("stat", stat("h"));
  print("links " + load<u64>(place, 24).toString() + " size " + load<u64>(place, 32).toString());
  const appended = open("h", 0, WRITE);
  fd_seek(appended, 0, 2, out);
  write(appended, utf8(" and more"));
  fd_close(appended);
  print("both names " + get("a/two.txt"));
  for (let i = 0; i < 40; i++) put("a/f" + i.toString(), "");
  print("listed " + list("a", 100).length.toString() + " " + list("a", 65536).length.toString());
  print("root " + list(".", 65536).join(","));
  report("rmdir full", rmdir("a"));
  report("rmdir file", rmdir("h"));
  report("unlink folder", unlink("a"));
  report("unlink", unlink("h"));
  report("into itself", rename("a", "a/b"));
  report("open folder for writing", -open("a", 0, WRITE));
  report("open folder for reading", open("a", FOLDER, LOOK) > 2 ? 0 : 1);
  report("exclusive", -open("s", CREATE | EXCLUSIVE, WRITE));
  report("file as folder", stat("a/two.txt/x"));
  report("trailing slash", stat("a/two.txt/"));
  const early = open("late", CREATE, WRITE);
  unlink("late");
  report("write after unlink", write(early, utf8("still there")));
}

function escape(): void {
  const paths = ["/etc/passwd", "../etc/passwd", "../../../../../../../etc/passwd", "a/../../etc/passwd", "./../etc/passwd", "..", "a/../..", "/", "//etc/passwd"];
  mkdir("a");
  for (let i = 0; i < paths.length; i++) report("open " + paths[i], -open(paths[i], 0, READ));
  for (let i = 0; i < paths.length; i++) report("create " + paths[i], -open(paths[i], CREATE | TRUNCATE, WRITE));
  report("absolute link", symlink("/etc", "abs"));
  report("link up", symlink("../../../../../../etc", "up"));
  report("through it", -open("up/passwd", 0, READ));
  report("write through it", -open("up/owned", CREATE, WRITE));
  report("link to link", symlink("up/passwd", "up2"));
  report("through both", -open("up2", 0, READ));
  report("link inside folder", symlink("../../etc/passwd", "a/deep"));
  report("through that", -open("a/deep", 0, READ));
  report("loop", symlink("loop", "loop"));
  report("through loop", -open("loop", 0, READ));
  report("stat through", stat("up/passwd"));
  report("rename out", rename("a", "../a"));
  report("mkdir out", mkdir("../b"));
  const below = open("a", FOLDER, LOOK);
  report("above an open folder", -open("../x", CREATE, WRITE, 1, below));
  report("host file through scratch", -open("etc/passwd", 0, READ));
  report("second preopen", fd_prestat_get(4 + 1, place));
  report("far descriptor", fd_close(1000000));
  report("negative descriptor", fd_close(-1));
}

function sockets(): void {
  report("accept", sock_accept(ROOT, 0, place));
  report("recv", sock_recv(0, vector, 1, 0, place, place));
  report("send", sock_send(1, vector, 1, 0, place));
  report("shutdown", sock_shutdown(77, 1));
}

function faults(): void {
  report("write beyond memory", fd_write(1, 0xfffffff0, 1, out));
  store<u32>(vector, 0xffffff00);
  store<u32>(vector, 0x7fffffff, 4);
  report("buffer beyond memory", fd_write(1, vector, 1, out));
  report("a billion vectors", fd_write(1, 0, 1 << 30, out));
  report("random beyond memory", random_get(0, 0xffffffff));
  report("path beyond memory", path_open(ROOT, 0, 0xfffffff0, 100, 0, 0, 0, 0, place));
  report("poll a billion", poll_oneoff(0, 0, 1 << 30, out));
}

function fill(): void {
  const fd = open("big", CREATE, WRITE);
  let written: u64 = 0;
  const block = new ArrayBuffer(65536);
  let errno = 0;
  while (errno == 0) {
    errno = write(fd, block);
    if (errno == 0) written += 65536;
  }
  report("full", errno);
  print("written " + written.toString());
  report("far away", fd_seek(fd, 1 << 40, 0, place));
  report("write far away", write(fd, block));
  fd_close(fd);
  unlink("big");
  report("room again", put("small", "x"));
  let made = 0;
  while (mkdir("d" + made.toString()) == 0) made++;
  print(made > 100 && made < 1000000 ? "folders bounded" : made.toString());
}

function grow(): void {
  while (memory.grow(64) >= 0) {}
  print("pages " + memory.size().toString());
}

/** Makes the host keep a list of thousands of names for each of many open folders. */
function hoard(): void {
  for (let i = 0; i < 6000; i++) mkdir("d" + i.toString());
  for (let i = 0; i < 1000; i++) {
    const fd = open("d0/..", FOLDER, LOOK);
    fd_readdir(fd, scratch, 64, 0, out);
  }
  print("hoarded");
}

/** Leaves something behind for `look` to find. */
function leave(): void {
  put("secret", "of the first job");
  memory.grow(1);
  memory.fill(memory.size() * 65536 - 65536, 0x5a, 65536);
  for (let i: usize = 0; i < 1000; i++) store<u8>(scratch + i, 0x5a);
  print("left");
}

function look(): void {
  let dirty = 0;
  for (let i: usize = 0; i < 65536; i++) if (load<u8>(scratch + i) != 0) dirty++;
  const before: usize = memory.size();
  memory.grow(1);
  for (let i: usize = before * 65536; i < (before + 1) * 65536; i++) if (load<u8>(i) != 0) dirty++;
  print("dirty " + dirty.toString());
  print("secret " + get("secret"));
  print("root " + list(".", 65536).join(","));
}

function time(): void {
  clock_time_get(0, 0, place);
  print("realtime " + load<u64>(place).toString());
  clock_time_get(1, 0, place);
  const before = load<u64>(place);
  memory.fill(scratch, 0, 48);
  store<u32>(scratch, 1, 16);
  store<u64>(scratch, 30000000, 24);
  report("sleep", poll_oneoff(scratch, scratch + 64, 1, out));
  clock_time_get(1, 0, place);
  print(load<u64>(place) - before >= 30000000 ? "slept" : "did not sleep");
  random_get(scratch, 16);
  let hex = "";
  for (let i: usize = 0; i < 16; i++) hex += load<u8>(scratch + i).toString(16).padStart(2, "0");
  print("random " + hex);
}

function recurse(depth: i32): i32 {
  return depth == -1 ? 0 : recurse(depth + 1) + recurse(depth + 2);
}

export function _start(): void {
  const what = args()[1];
  if (what == "hello") hello();
  else if (what == "files") files();
  else if (what == "escape") escape();
  else if (what == "sockets") sockets();
  else if (what == "faults") faults();
  else if (what == "fill") fill();
  else if (what == "grow") grow();
  else if (what == "hoard") hoard();
  else if (what == "leave") leave();
  else if (what == "look") look();
  else if (what == "time") time();
  else if (what == "exit") proc_exit(42);
  else if (what == "trap") unreachable();
  else if (what == "recurse") recurse(0);
  else if (what == "spam") while (true) print("more and more and more and more");
  else if (what == "sleep") {
    memory.fill(scratch, 0, 48);
    store<u32>(scratch, 1, 16);
    store<u64>(scratch, 60000000000, 24);
    poll_oneoff(scratch, scratch + 64, 1, out);
  } else if (what == "loop") while (true) store<u32>(place, load<u32>(place) + 1);
}
