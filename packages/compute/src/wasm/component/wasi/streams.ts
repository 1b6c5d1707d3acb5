import type { WasiContext } from '../../wasi/context.ts';
import { WasiFailure } from '../../wasi/errno.ts';
import { codeOf, refuseWith } from './failure.ts';

/** The most bytes that one read answers, whatever was asked for. */
const largestRead = 1024 * 1024;
/** What may be written at a time, as `check-write` says. */
const writable = 1024 * 1024;
const monotonic = 1;

/** Where an input stream gets its bytes: at most `length` of them; none when it is at its end. */
export type Source = (length: number) => Uint8Array;
export type Sink = (bytes: Uint8Array) => void;

/** wasi:io: errors, pollables and streams of one job. Everything but time is always ready, so nothing ever waits but for a clock. */
export function openStreams(job: WasiContext) {
  class IoError {
    readonly code: string;
    constructor(code: string) {
      this.code = code;
    }
    toDebugString(): string {
      return this.code;
    }
  }

  class Pollable {
    /** The monotonic time at which it is ready; undefined is now. */
    readonly at: bigint | undefined;
    constructor(at?: bigint) {
      this.at = at;
    }
    ready(): boolean {
      return this.at === undefined || job.clock.now(monotonic) >= this.at;
    }
    block(): void {
      if (this.at !== undefined) sleepUntil(this.at);
    }
  }

  function sleepUntil(at: bigint): void {
    job.stdout.flush();
    const left = at - job.clock.now(monotonic);
    if (left > 0n) job.clock.sleep(left);
  }

  function poll(list: Pollable[]): Uint32Array {
    if (list.length === 0) throw new Error('It polls nothing, which would never end');
    const ready = () => list.flatMap((pollable, index) => (pollable.ready() ? [index] : []));
    const now = ready();
    if (now.length > 0) return Uint32Array.from(now);
    const [first = 0n] = list.flatMap(({ at }) => (at === undefined ? [] : [at])).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    sleepUntil(first);
    const then = ready();
    return Uint32Array.from(then.length > 0 ? then : list.flatMap(({ at }, index) => (at === first ? [index] : [])));
  }

  /** A failure of the volume, as streams say it. */
  function told<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof WasiFailure)) throw error;
      return refuseWith({ tag: 'last-operation-failed', val: new IoError(codeOf(error)) });
    }
  }

  class InputStream {
    readonly #source: Source;
    constructor(source: Source) {
      this.#source = source;
    }
    read(length: bigint): Uint8Array {
      if (length === 0n) return new Uint8Array(0);
      const bytes = told(() => this.#source(Number(length < BigInt(largestRead) ? length : BigInt(largestRead))));
      return bytes.length === 0 ? refuseWith({ tag: 'closed' }) : bytes;
    }
    blockingRead(length: bigint): Uint8Array {
      return this.read(length);
    }
    skip(length: bigint): bigint {
      return BigInt(this.read(length).length);
    }
    blockingSkip(length: bigint): bigint {
      return this.skip(length);
    }
    subscribe(): Pollable {
      return new Pollable();
    }
  }

  class OutputStream {
    readonly #sink: Sink;
    constructor(sink: Sink) {
      this.#sink = sink;
    }
    checkWrite(): bigint {
      return BigInt(writable);
    }
    write(bytes: Uint8Array): void {
      told(() => this.#sink(bytes));
    }
    blockingWriteAndFlush(bytes: Uint8Array): void {
      this.write(bytes);
    }
    flush(): void {}
    blockingFlush(): void {}
    writeZeroes(length: bigint): void {
      if (length > BigInt(writable)) throw new Error('It writes more zeros at once than it may');
      this.write(new Uint8Array(Number(length)));
    }
    blockingWriteZeroesAndFlush(length: bigint): void {
      this.writeZeroes(length);
    }
    splice(from: InputStream, length: bigint): bigint {
      const bytes = from.read(length);
      this.write(bytes);
      return BigInt(bytes.length);
    }
    blockingSplice(from: InputStream, length: bigint): bigint {
      return this.splice(from, length);
    }
    subscribe(): Pollable {
      return new Pollable();
    }
  }

  return {
    IoError,
    Pollable,
    InputStream,
    OutputStream,
    imports: {
      'wasi:io/error': { Error: IoError },
      'wasi:io/poll': { Pollable, poll },
      'wasi:io/streams': { InputStream, OutputStream },
    },
  };
}

export type Streams = ReturnType<typeof openStreams>;
