// What a guest does with folders that it was given: "/data", which it may change, and "/given", which it may not.

import { args, CREATE, fd_close, fd_prestat_get, get, link, list, mkdir, open, out, path_filestat_get, path_rename, place, print, proc_exit, put, READ, readlink, rename, report, rmdir, stat, symlink, TRUNCATE, unlink, utf8, at, write, WRITE, fd_seek } from "./wasi";

const SCRATCH = 3, DATA = 4, GIVEN = 5;

function read(): void {
  let fd = SCRATCH;
  while (fd_prestat_get(fd, place) == 0) fd++;
  print("preopens " + (fd - SCRATCH).toString());
  print("root " + list(".", 4096).join(","));
  print("data " + list("data", 4096).join(","));
  print("note " + get("data/note.txt"));
  print("deep " + get("data/folder/deep.txt"));
  print("link " + readlink("data/link") + " " + get("data/link"));
  report("size", stat("data/note.txt"));
  print(load<u64>(place, 32).toString() + " at " + (load<u64>(place, 48) / 1000000).toString());
  const fresh = open("note.txt", 0, READ, 1, DATA);
  report("by its own descriptor", fresh > 5 ? 0 : fresh);
  report("above it", -open("../given/fixed.txt", 0, READ, 1, DATA));
}

function change(): void {
  const note = open("data/note.txt", 0, WRITE);
  fd_seek(note, 0, 2, out);
  write(note, utf8(" and more"));
  fd_close(note);
  report("new folder", mkdir("data/made"));
  report("new file", put("data/made/new.txt", "new"));
  report("move", rename("data/folder/deep.txt", "data/moved.txt"));
  report("remove folder", rmdir("data/folder"));
  report("new link", symlink("made/new.txt", "data/short"));
  report("remove link", unlink("data/link"));
  report("safe save", put("data/temporary", "saved") | rename("data/temporary", "data/saved.txt"));
  report("scratch", put("mine", "not kept"));
  report("touch nothing", -open("data/untouched.bin", 0, WRITE) > 0 ? 1 : 0);
}

function trespass(): void {
  print("given " + get("given/fixed.txt"));
  report("write", put("given/fixed.txt", "x"));
  report("create", put("given/new.txt", "x"));
  report("mkdir", mkdir("given/new"));
  report("unlink", unlink("given/fixed.txt"));
  report("rename", rename("given/fixed.txt", "given/other.txt"));
  report("symlink", symlink("fixed.txt", "given/link"));
  report("link", link("given/fixed.txt", "given/twice.txt"));
  report("out of it", rename("given/fixed.txt", "mine.txt"));
  report("between", rename("data/note.txt", "mine.txt"));
  report("link between", link("data/note.txt", "mine.txt"));
  report("the mount itself", rename("data", "elsewhere"));
  report("remove the mount", rmdir("given"));
}

export function _start(): void {
  const what = args()[1];
  if (what == "read") read();
  else if (what == "change") change();
  else if (what == "trespass") trespass();
  else if (what == "fail") {
    change();
    proc_exit(3);
  }
}
