import { fail } from './errno.ts';

const noBytes = new Uint8Array(0);
const noView = new DataView(noBytes.buffer);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The guest's linear memory as the WASI calls see it. Every access is checked against its present size, and one that does
 * not fit is answered with FAULT. Pointers and lengths arrive as signed 32-bit numbers and are read as unsigned.
 */
export class GuestMemory {
  readonly #memory: WebAssembly.Memory | undefined;
  #bytes = noBytes;
  #view = noView;

  constructor(memory: WebAssembly.Memory | undefined) {
    this.#memory = memory;
  }

  /** The place of `length` bytes at `pointer`, after refreshing the views: growing the memory detaches them. */
  #at(pointer: number, length: number): number {
    const buffer = this.#memory?.buffer;
    if (buffer !== undefined && buffer !== this.#bytes.buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#view = new DataView(buffer);
    }
    const start = pointer >>> 0;
    if (start + length > this.#bytes.length) fail('fault');
    return start;
  }

  bytes(pointer: number, length: number): Uint8Array {
    const start = this.#at(pointer, length >>> 0);
    return this.#bytes.subarray(start, start + (length >>> 0));
  }

  /** A path or target: UTF-8 without NUL, which no file system could hold. */
  text(pointer: number, length: number): string {
    const bytes = this.bytes(pointer, length);
    if (bytes.includes(0)) fail('inval');
    try {
      return decoder.decode(bytes);
    } catch {
      return fail('ilseq');
    }
  }

  getU8(pointer: number): number {
    const at = this.#at(pointer, 1);
    return this.#view.getUint8(at);
  }

  getU16(pointer: number): number {
    const at = this.#at(pointer, 2);
    return this.#view.getUint16(at, true);
  }

  getU32(pointer: number): number {
    const at = this.#at(pointer, 4);
    return this.#view.getUint32(at, true);
  }

  getU64(pointer: number): bigint {
    const at = this.#at(pointer, 8);
    return this.#view.getBigUint64(at, true);
  }

  setU8(pointer: number, value: number): void {
    const at = this.#at(pointer, 1);
    this.#view.setUint8(at, value);
  }

  setU16(pointer: number, value: number): void {
    const at = this.#at(pointer, 2);
    this.#view.setUint16(at, value, true);
  }

  setU32(pointer: number, value: number): void {
    const at = this.#at(pointer, 4);
    this.#view.setUint32(at, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    const at = this.#at(pointer, 8);
    this.#view.setBigUint64(at, value, true);
  }
}
