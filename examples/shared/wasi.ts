// Standard streams, environment and exit over WASI preview 1.
import { Bytes } from './bytes';
import { environ_get, environ_sizes_get, fd_read, fd_write, proc_exit } from './wasi_snapshot_preview1';

/** One vector (address, length) and the place for the answer of a call. */
const vector = memory.data(8);
const answer = memory.data(8);
const pieceSize: i32 = 65536;

/** Everything on the standard input; `expected` bytes are made room for at once. */
export function readInput(expected: i32): Bytes {
  const input = new Bytes(expected + pieceSize);
  let count = 0;
  do {
    store<usize>(vector, input.reserve(pieceSize));
    store<i32>(vector, pieceSize, 4);
    if (fd_read(0, vector, 1, answer) !== 0) exit(1);
    count = load<i32>(answer);
    input.length += count;
  } while (count > 0);
  return input;
}

export function writeOutput(bytes: Bytes): void {
  for (let sent = 0; sent < bytes.length; sent += load<i32>(answer)) {
    store<usize>(vector, bytes.pointer + sent);
    store<i32>(vector, bytes.length - sent, 4);
    if (fd_write(1, vector, 1, answer) !== 0) exit(1);
  }
}

/** The value of an environment variable, empty when there is none. */
export function environment(name: string): string {
  environ_sizes_get(answer, answer + 4);
  const count = load<i32>(answer);
  const pointers = heap.alloc(count * 4 + load<i32>(answer, 4));
  environ_get(pointers, pointers + count * 4);
  const prefix = name + '=';
  for (let index = 0; index < count; index++) {
    const start = load<usize>(pointers + index * 4);
    let end = start;
    while (load<u8>(end) !== 0) end++;
    const entry = String.UTF8.decodeUnsafe(start, end - start);
    if (entry.startsWith(prefix)) return entry.substring(prefix.length);
  }
  return '';
}

export function exit(code: i32): void {
  proc_exit(code);
}
