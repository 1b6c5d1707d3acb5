// The same as hello.c, as a WASI command.
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(descriptor: i32, vectors: usize, count: i32, written: usize): i32;

export function _start(): void {
  const answer = String.UTF8.encode("Content-Type: text/plain\n\nhello\n");
  const vector = changetype<usize>(new StaticArray<usize>(2));
  store<usize>(vector, changetype<usize>(answer));
  store<usize>(vector, answer.byteLength, sizeof<usize>());
  fd_write(1, vector, 1, vector);
}
