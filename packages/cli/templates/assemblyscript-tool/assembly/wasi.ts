// Standard input and output, arguments, environment and exit over WASI preview 1.
import {
  args_get,
  args_sizes_get,
  environ_get,
  environ_sizes_get,
  fd_read,
  fd_write,
  proc_exit,
} from './wasi_snapshot_preview1';

/** One vector (address, length) and the place for the answer of a call. */
const vector = memory.data(8);
const answer = memory.data(8);
const pieceSize: i32 = 65536;

/** Everything on standard input, as UTF-8. */
export function readInput(): string {
  let size = pieceSize;
  let used = 0;
  let buffer = heap.alloc(size);
  let count = 0;
  do {
    if (size - used < pieceSize) {
      size *= 2;
      buffer = heap.realloc(buffer, size);
    }
    store<usize>(vector, buffer + used);
    store<i32>(vector, pieceSize, 4);
    if (fd_read(0, vector, 1, answer) != 0) exit(1);
    count = load<i32>(answer);
    used += count;
  } while (count > 0);
  return String.UTF8.decodeUnsafe(buffer, used);
}

export function writeOutput(text: string): void {
  const bytes = String.UTF8.encode(text);
  const start = changetype<usize>(bytes);
  for (let sent = 0; sent < bytes.byteLength; sent += load<i32>(answer)) {
    store<usize>(vector, start + sent);
    store<i32>(vector, bytes.byteLength - sent, 4);
    if (fd_write(1, vector, 1, answer) != 0) exit(1);
  }
}

function textAt(start: usize): string {
  let end = start;
  while (load<u8>(end) != 0) end++;
  return String.UTF8.decodeUnsafe(start, end - start);
}

/** The last argument of the program; empty when there is none. */
export function lastArgument(): string {
  args_sizes_get(answer, answer + 4);
  const count = load<i32>(answer);
  const pointers = heap.alloc(count * 4 + load<i32>(answer, 4));
  args_get(pointers, pointers + count * 4);
  return count < 2 ? '' : textAt(load<usize>(pointers + (count - 1) * 4));
}

/** The value of an environment variable, empty when there is none. */
export function environment(name: string): string {
  environ_sizes_get(answer, answer + 4);
  const count = load<i32>(answer);
  const pointers = heap.alloc(count * 4 + load<i32>(answer, 4));
  environ_get(pointers, pointers + count * 4);
  const prefix = name + '=';
  for (let index = 0; index < count; index++) {
    const entry = textAt(load<usize>(pointers + index * 4));
    if (entry.startsWith(prefix)) return entry.substring(prefix.length);
  }
  return '';
}

export function exit(code: i32): void {
  proc_exit(code);
}
