// The corners of WASI preview 1 in which implementations differ: each function prints what the calls answered.

import { ALL, args, at, CREATE, EXCLUSIVE, fd_close, fd_read, fd_readdir, fd_seek, fd_write, FOLDER, get, link, LOOK, mkdir, open, out, path_open, path_link, path_symlink, place, poll_oneoff, print, put, READ, readlink, rename, report, rmdir, ROOT, scratch, sock_accept, sock_recv, sock_send, sock_shutdown, stat, symlink, TRUNCATE, unlink, utf8, vector, WRITE, write } from "./wasi";

@external("wasi_snapshot_preview1", "fd_fdstat_get") declare function fd_fdstat_get(fd: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_fdstat_set_rights") declare function fd_fdstat_set_rights(fd: i32, base: u64, inheriting: u64): i32;
@external("wasi_snapshot_preview1", "fd_fdstat_set_flags") declare function fd_fdstat_set_flags(fd: i32, flags: i32): i32;
@external("wasi_snapshot_preview1", "fd_renumber") declare function fd_renumber(from: i32, to: i32): i32;
@external("wasi_snapshot_preview1", "fd_tell") declare function fd_tell(fd: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_pread") declare function fd_pread(fd: i32, vectors: usize, count: i32, offset: u64, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_pwrite") declare function fd_pwrite(fd: i32, vectors: usize, count: i32, offset: u64, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_allocate") declare function fd_allocate(fd: i32, offset: u64, length: u64): i32;
@external("wasi_snapshot_preview1", "fd_advise") declare function fd_advise(fd: i32, offset: u64, length: u64, advice: i32): i32;
@external("wasi_snapshot_preview1", "fd_filestat_get") declare function fd_filestat_get(fd: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_filestat_set_size") declare function fd_filestat_set_size(fd: i32, size: u64): i32;
@external("wasi_snapshot_preview1", "fd_filestat_set_times") declare function fd_filestat_set_times(fd: i32, accessed: u64, modified: u64, flags: i32): i32;
@external("wasi_snapshot_preview1", "path_filestat_set_times") declare function path_filestat_set_times(fd: i32, lookup: i32, path: usize, length: usize, accessed: u64, modified: u64, flags: i32): i32;

const SEEK: u64 = 1 << 2, TELL: u64 = 1 << 5, FD_WRITE: u64 = 1 << 6;
const APPEND = 1;

function rightsOf(fd: i32): string {
  fd_fdstat_get(fd, place);
  return load<u64>(place, 8).toString(16) + " " + load<u64>(place, 16).toString(16);
}

function rights(): void {
  print("preopen " + rightsOf(ROOT));
  mkdir("d");
  print("folder " + rightsOf(open("d", FOLDER, ALL)));
  print("file " + rightsOf(open("f", CREATE, ALL)));
  print("stdout " + rightsOf(1));
  const fd = open("f", 0, READ | FD_WRITE);
  print("asked " + rightsOf(fd));
  report("narrow", fd_fdstat_set_rights(fd, READ, 0));
  print("narrowed " + rightsOf(fd));
  report("widen", fd_fdstat_set_rights(fd, READ | FD_WRITE, 0));
  report("write without", write(fd, utf8("x")));
  report("resize without", fd_filestat_set_size(fd, 3));
  const blind = open("f", 0, FD_WRITE);
  store<u32>(vector, scratch);
  store<u32>(vector, 8, 4);
  report("read without", fd_read(blind, vector, 1, out));
  report("pread without seek", fd_pread(open("f", 0, 2), vector, 1, 0, out));
  const below = open("d", FOLDER, LOOK & ~(<u64>1 << 10));
  report("create without", path_open(below, 0, at(utf8("x")), 1, CREATE, WRITE, 0, 0, place));
  const narrow = path_open(ROOT, 0, at(utf8("d")), 1, FOLDER, LOOK, READ, 0, place);
  const folder = load<i32>(place);
  const inner = path_open(folder, 0, at(utf8("g")), 1, CREATE, WRITE, 0, 0, place);
  report("inherited", narrow | inner);
  print("no more than " + rightsOf(load<i32>(place)));
}

function folders(): void {
  mkdir("d");
  put("f", "text");
  report("folder for writing", -open("d", FOLDER, LOOK | FD_WRITE));
  report("create a folder", -open("n", CREATE | FOLDER, LOOK));
  report("file as folder", -open("f", FOLDER, LOOK));
  report("truncate a folder", -open("d", TRUNCATE, LOOK));
  report("below a file", -open("f/x", CREATE, WRITE));
  report("from a file", path_open(open("f", 0, READ), 0, at(utf8("x")), 1, 0, READ, 0, 0, place));
  report("from stdout", path_open(1, 0, at(utf8("x")), 1, 0, READ, 0, 0, place));
  report("exclusive", -open("f", CREATE | EXCLUSIVE, WRITE));
  report("missing", -open("m", 0, READ));
  report("unknown flags", -open("f", 64, READ));
  const fd = open("d", FOLDER, LOOK);
  report("seek", fd_seek(fd, 0, 0, place));
  report("read", fd_read(fd, vector, 0, out));
  report("write", fd_write(fd, vector, 0, out));
  report("allocate", fd_allocate(fd, 0, 1));
  report("empty path", -open("", 0, READ));
  report("NUL in path", -open("a\0b", 0, READ));
  report("long name", -open("n".repeat(256), CREATE, WRITE));
}

function slashes(): void {
  mkdir("d");
  put("f", "text");
  report("stat d/", stat("d/"));
  report("stat f/", stat("f/"));
  report("mkdir n/", mkdir("n/"));
  report("open f/", -open("f/", 0, READ));
  report("create c/", -open("c/", CREATE, WRITE));
  report("rename f g/", rename("f", "g/"));
  report("rename f/ g", rename("f/", "g"));
  report("rename d/ e/", rename("d/", "e/"));
  report("rename e e2/", rename("e", "e2/"));
  report("unlink f/", unlink("f/"));
  report("unlink e2/", unlink("e2/"));
  report("symlink at e2/", symlink("f", "e2/"));
  report("symlink at f/", symlink("e2", "f/"));
  report("symlink at new/", symlink("f", "new/"));
  report("link at new/", link("f", "new/"));
  report("link from f/", link("f/", "new"));
  report("rmdir f/", rmdir("f/"));
  report("rmdir e2/", rmdir("e2/"));
  report("rmdir .", rmdir("."));
  report("rename . x", rename(".", "x"));
}

function readdir(): void {
  mkdir("d");
  for (let i = 0; i < 5; i++) put("d/file" + i.toString(), "");
  const fd = open("d", FOLDER, LOOK);
  fd_readdir(fd, scratch, 1000, 0, out);
  let offset: u32 = 0;
  let line = "";
  while (offset < load<u32>(out)) {
    const length = load<u32>(scratch + offset, 16);
    line += String.UTF8.decodeUnsafe(scratch + offset + 24, length) + "=" + load<u64>(scratch + offset).toString() + "/" + load<u8>(scratch + offset, 20).toString() + " ";
    offset += 24 + length;
  }
  print(line.trim());
  fd_readdir(fd, scratch, 60, 0, out);
  print("cut " + load<u32>(out).toString());
  unlink("d/file0");
  fd_readdir(fd, scratch, 1000, 3, out);
  print("from three " + String.UTF8.decodeUnsafe(scratch + 24, load<u32>(scratch, 16)));
  fd_readdir(fd, scratch, 1000, 7, out);
  print("at the end " + load<u32>(out).toString());
  const beyond = fd_readdir(fd, scratch, 1000, 1000, out);
  print("beyond " + beyond.toString() + " " + load<u32>(out).toString());
  fd_readdir(fd, scratch, 1000, 0, out);
  print("anew " + load<u32>(out).toString());
  report("of a file", fd_readdir(open("d/file1", 0, READ), scratch, 1000, 0, out));
}

function renumber(): void {
  put("a", "first");
  put("b", "second");
  const a = open("a", 0, READ), b = open("b", 0, READ);
  report("move", fd_renumber(a, b));
  report("old is closed", fd_close(a));
  store<u32>(vector, scratch);
  store<u32>(vector, 100, 4);
  fd_read(b, vector, 1, out);
  print("read " + String.UTF8.decodeUnsafe(scratch, load<u32>(out)));
  report("to nowhere", fd_renumber(b, 77));
  report("from nowhere", fd_renumber(77, b));
  report("to itself", fd_renumber(b, b));
  report("a preopen", fd_renumber(b, ROOT));
  report("is a file now", -open("a", 0, READ));
}

function links(): void {
  put("target", "text");
  symlink("target", "s");
  report("link to a link", link("s", "l"));
  print("which is one " + readlink("l"));
  const a = utf8("s"), b = utf8("followed");
  report("link, following", path_link(ROOT, 1, at(a), a.byteLength, ROOT, at(b), b.byteLength));
  mkdir("d");
  report("link to a folder", link("d", "e"));
  report("over something", link("target", "l"));
  symlink("nowhere", "dangling");
  report("dangling", -open("dangling", 0, READ));
  report("create through it", -open("dangling", CREATE | EXCLUSIVE, WRITE, 0));
  report("link to it", link("dangling", "dangling2"));
  report("read it short", readlink("dangling") == "nowhere" ? 0 : 1);
  report("not a link", readlink("target") == "28" ? 28 : 0);
  symlink("self", "self");
  report("itself", -open("self", 0, READ));
  report("itself as folder", stat("self/x"));
  put("c0", "end");
  for (let i = 1; i <= 33; i++) symlink("c" + (i - 1).toString(), "c" + i.toString());
  print("32 links " + get("c32"));
  print("33 links " + get("c33"));
  report("not followed", -open("s", 0, READ, 0));
  report("not followed as folder", -open("s", FOLDER, LOOK, 0));
  report("absolute", symlink("/etc/passwd", "abs"));
  report("empty", symlink("", "none"));
  symlink("d/..", "up");
  print("up and down " + get("up/target"));
  symlink("../out", "d/out");
  report("out by a link", -open("d/out", 0, READ));
  symlink("../../out", "d/out2");
  report("further out", -open("d/out2", 0, READ));
}

function subscribe(index: i32, userdata: u64, kind: u8): usize {
  const at = scratch + 48 * index;
  memory.fill(at, 0, 48);
  store<u64>(at, userdata);
  store<u8>(at, kind, 8);
  return at;
}

function events(count: i32): void {
  const to = scratch + 4096;
  const errno = poll_oneoff(scratch, to, count, out);
  let line = "errno " + errno.toString();
  for (let i = 0; errno == 0 && i < <i32>load<u32>(out); i++) {
    const at = to + 32 * i;
    line += " | " + load<u64>(at).toString() + " kind " + load<u8>(at, 10).toString() + " errno " + load<u16>(at, 8).toString() + " bytes " + load<u64>(at, 16).toString();
  }
  print(line);
}

function poll(): void {
  store<u32>(subscribe(0, 1, 1), 0, 16);
  store<u32>(subscribe(1, 2, 2), 1, 16);
  const clock = subscribe(2, 3, 0);
  store<u32>(clock, 1, 16);
  store<u64>(clock, 10000000000, 24);
  events(3);
  store<u32>(subscribe(0, 4, 1), 77, 16);
  events(1);
  store<u32>(subscribe(0, 5, 1), ROOT, 16);
  events(1);
  const soon = subscribe(0, 6, 0);
  store<u32>(soon, 1, 16);
  store<u64>(soon, 1000000, 24);
  const later = subscribe(1, 7, 0);
  store<u32>(later, 1, 16);
  store<u64>(later, 5000000, 24);
  events(2);
  const wrong = subscribe(0, 8, 0);
  store<u32>(wrong, 9, 16);
  events(1);
  const past = subscribe(0, 9, 0);
  store<u32>(past, 0, 16);
  store<u64>(past, 1, 24);
  store<u16>(past, 1, 40);
  events(1);
  subscribe(0, 10, 3);
  events(1);
  events(0);
}

function append(): void {
  put("f", "start");
  const bytes = utf8("f");
  path_open(ROOT, 0, at(bytes), 1, 0, WRITE | <u64>1 << 3, 0, APPEND, place);
  const fd = load<i32>(place);
  report("write", write(fd, utf8(" more")));
  fd_tell(fd, place);
  print("offset " + load<u64>(place).toString());
  fd_seek(fd, 0, 0, place);
  report("write after seek", write(fd, utf8(" still")));
  fd_tell(fd, place);
  print("offset " + load<u64>(place).toString());
  report("no longer", fd_fdstat_set_flags(fd, 0));
  fd_seek(fd, 0, 0, place);
  report("write at the beginning", write(fd, utf8("START")));
  print(get("f"));
  report("unknown flag", fd_fdstat_set_flags(fd, 32));
}

function seek(): void {
  put("f", "0123456789");
  const teller = open("f", 0, 2 | TELL);
  report("tell by seek", fd_seek(teller, 0, 1, place));
  report("tell", fd_tell(teller, place));
  report("seek without", fd_seek(teller, 1, 1, place));
  report("seek to zero without", fd_seek(teller, 0, 0, place));
  const seeker = open("f", 0, 2 | SEEK);
  report("seek", fd_seek(seeker, -3, 2, place));
  print("at " + load<u64>(place).toString());
  report("tell without", fd_tell(seeker, place));
  report("before the start", fd_seek(seeker, -100, 1, place));
  report("unknown whence", fd_seek(seeker, 0, 3, place));
  report("beyond the end", fd_seek(seeker, 100, 0, place));
  store<u32>(vector, scratch);
  store<u32>(vector, 10, 4);
  const there = fd_read(seeker, vector, 1, out);
  print("read there " + there.toString() + " " + load<u32>(out).toString());
  report("stdout", fd_seek(1, 0, 1, place));
  report("tell stdout", fd_tell(1, place));
  report("closed", fd_seek(77, 0, 1, place));
  const both = open("f", 0, WRITE);
  fd_seek(both, 2, 0, place);
  store<u32>(vector, scratch);
  store<u32>(vector, 3, 4);
  fd_pread(both, vector, 1, 5, out);
  print("pread " + String.UTF8.decodeUnsafe(scratch, load<u32>(out)));
  store<u32>(vector, scratch);
  store<u32>(vector, 3, 4);
  fd_pwrite(both, vector, 1, 0, out);
  fd_tell(both, place);
  print("still at " + load<u64>(place).toString() + " " + get("f"));
}

function sizes(): void {
  const fd = open("f", CREATE, ALL);
  report("allocate", fd_allocate(fd, 100, 50));
  fd_filestat_get(fd, place);
  print("size " + load<u64>(place, 32).toString());
  report("allocate less", fd_allocate(fd, 0, 10));
  report("allocate nothing", fd_allocate(fd, 0, 0));
  report("shrink", fd_filestat_set_size(fd, 10));
  report("grow", fd_filestat_set_size(fd, 20));
  fd_filestat_get(fd, place);
  print("size " + load<u64>(place, 32).toString());
  report("too large", fd_filestat_set_size(fd, 1 << 40));
  report("negative", fd_filestat_set_size(fd, -1));
  report("advise", fd_advise(fd, 0, 10, 4));
  report("advise wrongly", fd_advise(fd, 0, 10, 6));
  report("advise stdout", fd_advise(1, 0, 10, 0));
  report("both times", fd_filestat_set_times(fd, 1, 1, 3));
  report("set times", fd_filestat_set_times(fd, 1000, 2000, 5));
  fd_filestat_get(fd, place);
  print("times " + load<u64>(place, 40).toString() + " " + load<u64>(place, 48).toString());
  report("unknown times", path_filestat_set_times(ROOT, 0, at(utf8("f")), 1, 0, 0, 16));
  unlink("f");
  fd_filestat_get(fd, place);
  print("links " + load<u64>(place, 24).toString());
  report("a new one", put("f", "other"));
  print(get("f"));
}

function sockets(): void {
  const file = open("f", CREATE, WRITE);
  for (let i = 0; i < 2; i++) {
    const fd = i == 0 ? file : 77;
    report("accept", sock_accept(fd, 0, place));
    report("recv", sock_recv(fd, vector, 1, 0, place, place));
    report("send", sock_send(fd, vector, 1, 0, place));
    report("shutdown", sock_shutdown(fd, 1));
  }
  report("shutdown stdin", sock_shutdown(0, 1));
  report("shutdown a folder", sock_shutdown(ROOT, 1));
}

function many(): void {
  put("f", "");
  let last = 0;
  let count = 0;
  while (last >= 0) {
    last = open("f", 0, READ);
    if (last >= 0) count++;
  }
  report("opened " + count.toString(), -last);
  report("one closed", fd_close(500));
  print("the lowest free " + open("f", 0, READ).toString());
}

export function _start(): void {
  const what = args()[1];
  if (what == "rights") rights();
  else if (what == "folders") folders();
  else if (what == "slashes") slashes();
  else if (what == "readdir") readdir();
  else if (what == "renumber") renumber();
  else if (what == "links") links();
  else if (what == "poll") poll();
  else if (what == "append") append();
  else if (what == "seek") seek();
  else if (what == "sizes") sizes();
  else if (what == "sockets") sockets();
  else if (what == "many") many();
}
