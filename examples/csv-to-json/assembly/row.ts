/** The fields of one row, unquoted: where each one's bytes are. One row is read over and over, so a long file takes no more memory. */
export class Row {
  count: i32 = 0;
  private capacity: i32 = 64;
  private fields: usize = heap.alloc(64 * 8);

  clear(): void {
    this.count = 0;
  }

  add(start: usize, length: i32): void {
    if (this.count === this.capacity) {
      this.capacity *= 2;
      this.fields = heap.realloc(this.fields, this.capacity * 8);
    }
    store<usize>(this.fields + this.count * 8, start);
    store<i32>(this.fields + this.count * 8, length, 4);
    this.count++;
  }

  start(index: i32): usize {
    return load<usize>(this.fields + index * 8);
  }

  length(index: i32): i32 {
    return load<i32>(this.fields + index * 8, 4);
  }

  isBlank(): bool {
    return this.count === 1 && this.length(0) === 0;
  }

  areEqual(a: i32, b: i32): bool {
    return this.length(a) === this.length(b) && memory.compare(this.start(a), this.start(b), this.length(a)) === 0;
  }
}
