/**
 * Bytes that grow at the end. Functions run once and are gone, so memory is taken and never given back (runtime `stub`);
 * doubling keeps what is wasted below the size of the result.
 */
export class Bytes {
  pointer: usize;
  length: i32 = 0;
  private capacity: i32;

  constructor(capacity: i32 = 1024) {
    this.capacity = capacity;
    this.pointer = heap.alloc(capacity);
  }

  /** Makes room for `count` more bytes and says where they go. The caller then adds to `length` what it wrote. */
  reserve(count: i32): usize {
    if (this.length + count > this.capacity) {
      this.capacity = max(this.capacity * 2, this.length + count);
      this.pointer = heap.realloc(this.pointer, this.capacity);
    }
    return this.pointer + this.length;
  }

  @inline
  push(byte: u32): void {
    if (this.length === this.capacity) this.reserve(1);
    store<u8>(this.pointer + this.length++, <u8>byte);
  }

  append(from: usize, count: i32): void {
    memory.copy(this.reserve(count), from, count);
    this.length += count;
  }

  text(value: string): void {
    const size = String.UTF8.byteLength(value);
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, this.reserve(size));
    this.length += size;
  }

  @inline
  at(index: i32): u32 {
    return load<u8>(this.pointer + index);
  }
}
