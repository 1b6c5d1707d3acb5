// Does to the folders it was given what its arguments say, one after another, and prints how each went:
// "read PATH", "write PATH TEXT", "append PATH TEXT", "mkdir PATH", "rm PATH", "rmdir PATH", "mv A B", "ln A B",
// "symlink TARGET PATH", "list PATH", "sum PATH", "exit CODE", "trap", "loop".

import { args, CREATE, fd_close, fd_read, fd_seek, get, link, list, mkdir, open, out, print, proc_exit, put, READ, rename, report, rmdir, scratch, symlink, unlink, utf8, vector, write, WRITE } from "./wasi";

/** Bytes of a file, read piece by piece; or the error below zero. */
function sum(path: string): i64 {
  const fd = open(path, 0, READ);
  if (fd < 0) return fd;
  let total: i64 = 0;
  do {
    store<usize>(vector, scratch);
    store<u32>(vector, 65536, 4);
    if (fd_read(fd, vector, 1, out) != 0) return -1;
    total += load<u32>(out);
  } while (load<u32>(out) != 0);
  return total;
}

function append(path: string, text: string): i32 {
  const fd = open(path, CREATE, WRITE);
  if (fd < 0) return -fd;
  fd_seek(fd, 0, 2, out);
  const errno = write(fd, utf8(text));
  fd_close(fd);
  return errno;
}

export function _start(): void {
  const words = args();
  for (let i = 1; i < words.length; i++) {
    const what = words[i];
    if (what == "read") print("read " + get(words[++i]));
    else if (what == "write") report(what, put(words[++i], words[++i]));
    else if (what == "append") report(what, append(words[++i], words[++i]));
    else if (what == "mkdir") report(what, mkdir(words[++i]));
    else if (what == "rm") report(what, unlink(words[++i]));
    else if (what == "rmdir") report(what, rmdir(words[++i]));
    else if (what == "mv") report(what, rename(words[++i], words[++i]));
    else if (what == "ln") report(what, link(words[++i], words[++i]));
    else if (what == "symlink") report(what, symlink(words[++i], words[++i]));
    else if (what == "list") print("list " + list(words[++i], 65536).join(","));
    else if (what == "sum") print("sum " + sum(words[++i]).toString());
    else if (what == "exit") proc_exit(i32(parseInt(words[++i])));
    else if (what == "trap") unreachable();
    else if (what == "loop") while (true) load<u8>(0);
    else print("unknown " + what);
  }
}
