// The WASI guest of the tests: it does what its first argument says and prints what came of it.

import { clock_time_get, random_get, fd_write, fd_close, fd_seek, fd_readdir, fd_prestat_get, path_open, poll_oneoff, sock_accept, sock_recv, sock_send, sock_shutdown, proc_exit, write, print, report, args, environment, read, utf8, open, mkdir, rmdir, unlink, rename, link, symlink, readlink, stat, put, get, list, ROOT, READ, WRITE, LOOK, place, vector, scratch, out, CREATE, FOLDER, EXCLUSIVE, TRUNCATE } from "./wasi";

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
