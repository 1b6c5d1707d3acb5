// What a program of the command line has besides its streams: arguments, environment, and the folders it was given.
import { Bytes } from './bytes';
import {
  args_get,
  args_sizes_get,
  environ_get,
  environ_sizes_get,
  fd_close,
  fd_prestat_dir_name,
  fd_prestat_get,
  fd_read,
  fd_write,
  path_open,
} from './wasi_snapshot_preview1';

const vector = memory.data(8);
const answer = memory.data(16);
const pieceSize: i32 = 65536;
const readRights: u64 = (1 << 1) | (1 << 2) | (1 << 5) | (1 << 21);
const writeRights: u64 = (1 << 6) | (1 << 2) | (1 << 5) | (1 << 21);

/** Ends at a zero, as C has its texts. */
function textAt(start: usize): string {
  let end = start;
  while (load<u8>(end) !== 0) end++;
  return String.UTF8.decodeUnsafe(start, end - start);
}

function textsAt(pointers: usize, count: i32): string[] {
  const texts = new Array<string>();
  for (let index = 0; index < count; index++) texts.push(textAt(load<usize>(pointers + index * 4)));
  return texts;
}

/** The arguments; the first is the name of the program. */
export function args(): string[] {
  args_sizes_get(answer, answer + 4);
  const count = load<i32>(answer);
  const pointers = heap.alloc(count * 4 + load<i32>(answer, 4));
  args_get(pointers, pointers + count * 4);
  return textsAt(pointers, count);
}

/** All variables, each as NAME=value. */
export function variables(): string[] {
  environ_sizes_get(answer, answer + 4);
  const count = load<i32>(answer);
  const pointers = heap.alloc(count * 4 + load<i32>(answer, 4));
  environ_get(pointers, pointers + count * 4);
  return textsAt(pointers, count);
}

/** The folders that are open from the start, by the names under which they were given. */
export function preopens(): string[] {
  const names = new Array<string>();
  for (let fd = 3; fd_prestat_get(fd, answer) === 0; fd++) {
    const length = load<i32>(answer, 4);
    const name = heap.alloc(length);
    fd_prestat_dir_name(fd, name, length);
    names.push(String.UTF8.decodeUnsafe(name, length));
  }
  return names;
}

/** The descriptor of a file below the first folder, or the error with a minus sign. */
export function openFile(path: string, isToWrite: bool): i32 {
  const name = String.UTF8.encode(path);
  // Create and truncate, or neither.
  const failed = path_open(
    3,
    1,
    changetype<usize>(name),
    name.byteLength,
    isToWrite ? 9 : 0,
    isToWrite ? writeRights : readRights,
    0,
    0,
    answer,
  );
  return failed !== 0 ? -failed : load<i32>(answer);
}

/** Reads the next piece into `into`; 0 at the end, the error with a minus sign. */
export function readPiece(fd: i32, into: Bytes): i32 {
  into.length = 0;
  store<usize>(vector, into.reserve(pieceSize));
  store<i32>(vector, pieceSize, 4);
  const failed = fd_read(fd, vector, 1, answer);
  if (failed !== 0) return -failed;
  into.length = load<i32>(answer);
  return into.length;
}

/** 0, or the error. */
export function writeFile(path: string, bytes: Bytes): i32 {
  const fd = openFile(path, true);
  if (fd < 0) return -fd;
  for (let sent = 0; sent < bytes.length; sent += load<i32>(answer)) {
    store<usize>(vector, bytes.pointer + sent);
    store<i32>(vector, bytes.length - sent, 4);
    const failed = fd_write(fd, vector, 1, answer);
    if (failed !== 0) return failed;
  }
  return fd_close(fd);
}

/** A JSON string. RFC 8259 section 7. */
export function quoted(text: string): string {
  let out = '"';
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22 || code === 0x5c) out += '\\' + String.fromCharCode(code);
    else if (code < 0x20) out += '\\u00' + (code < 16 ? '0' : '1') + '0123456789abcdef'.charAt(code & 15);
    else out += String.fromCharCode(code);
  }
  return out + '"';
}
