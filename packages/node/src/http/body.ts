import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { bufferedInput, ComputeError, type Input } from '@freehold/compute';
import { RequestError } from '../error.ts';

/** How long a caller may be silent while it sends its input. */
const silenceMs = 30_000;
/** Inputs up to this size stay in memory; larger ones become files. */
const mostInMemory = 1024 * 1024;
const pieceSize = 64 * 1024;

export type InputReader = ReturnType<typeof openInputReader>;

/**
 * Reads the inputs of functions to their end before anything runs, since the length is told to the program and the hash names the
 * task. Each is at most as long as its offer takes; all of them together take at most `memoryBytes`, and `diskBytes` in files:
 * they come before the payment can be checked, so strangers must not be able to fill the machine with them.
 */
export function openInputReader({ directory, memoryBytes, diskBytes }: { directory: string; memoryBytes: number; diskBytes: number }) {
  const used = { memory: 0, disk: 0 };
  const take = (where: keyof typeof used, bytes: number, most: number) => {
    if (used[where] + bytes > most) throw busy;
    used[where] += bytes;
  };

  /** Nobody finds the file, and nothing is left of it after a crash: its name is gone before a byte is written. */
  async function openSpool(): Promise<FileHandle> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, randomUUID());
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return file;
  }

  async function read(stream: IncomingMessage, limit: number, before: Buffer): Promise<Input & { release: () => Promise<void> }> {
    const tooLarge = () =>
      new ComputeError('input_too_large', 413, `This function takes at most ${limit} bytes of input.`, { details: { limit } });
    if (Number(stream.headers['content-length'] ?? 0) > limit) throw tooLarge();
    const hash = createHash('sha256');
    let chunks = before.length > 0 ? [before] : [];
    let size = before.length;
    let file: FileHandle | undefined;
    const held = { memory: 0, disk: 0 };
    const release = async () => {
      used.memory -= held.memory;
      used.disk -= held.disk;
      await file?.close();
    };
    const silence = setTimeout(() => stream.destroy(silent), silenceMs);
    try {
      // A refusal must still be answered, so the request is not destroyed with its iterator.
      for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        silence.refresh();
        if (size - before.length + chunk.length > limit) throw tooLarge();
        size += chunk.length;
        if (!file && size <= mostInMemory) {
          take('memory', chunk.length, memoryBytes);
          held.memory += chunk.length;
          chunks.push(chunk);
          continue;
        }
        const added = file ? [chunk] : [...chunks, chunk];
        const bytes = added.reduce((sum, { length }) => sum + length, 0);
        take('disk', bytes, diskBytes);
        held.disk += bytes;
        file ??= await openSpool();
        for (const piece of added) {
          hash.update(piece);
          await file.writeFile(piece);
        }
        chunks = [];
        used.memory -= held.memory;
        held.memory = 0;
      }
    } catch (error) {
      await release();
      throw stream.readableAborted && error !== silent ? cutOff : error;
    } finally {
      clearTimeout(silence);
    }
    if (!file) return { ...bufferedInput(Buffer.concat(chunks, size)), release };
    return fileInput({ file, size, sha256: hash.digest(), close: release });
  }

  return {
    /**
     * Hands the input, after what `before` says, to `use`, and lets go of it when that has ended. Errors: `input_too_large` 413,
     * `too_many_requests` 429, `invalid_request` 408.
     */
    async with<Result>(
      stream: IncomingMessage,
      { limit, before = Buffer.alloc(0) }: { limit: number; before?: Buffer },
      use: (input: Input) => Promise<Result>,
    ): Promise<Result> {
      const { headers } = stream;
      const hasBody = 'transfer-encoding' in headers || (headers['content-length'] ?? '0') !== '0';
      if (!hasBody) return use(bufferedInput(before));
      const input = await read(stream, limit, before);
      try {
        return await use(input);
      } finally {
        await input.release();
      }
    },
  };
}

/** An input in a file, which is closed when nobody holds it any more. */
function fileInput({
  file,
  size,
  sha256,
  close,
}: {
  file: FileHandle;
  size: number;
  sha256: Uint8Array;
  close: () => Promise<void>;
}): Input & { release: () => Promise<void> } {
  let holders = 1;
  const leave = async () => {
    if (--holders === 0) await close();
  };
  return {
    size,
    sha256,
    async *read() {
      for (let at = 0; at < size;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(pieceSize, size - at)), 0, undefined, at);
        if (bytesRead === 0) throw new Error('An input was cut short on the disk');
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
    hold() {
      holders++;
      return () => void leave();
    },
    release: leave,
  };
}

const busy = new RequestError('too_many_requests', 429, 'This node holds as much input as it can. Send the request again in a moment.');
const cutOff = new RequestError('invalid_request', 400, 'The input ended before it was complete. Send the request again.');
const silent = new RequestError('invalid_request', 408, 'The input stopped coming. Send the request again.');
