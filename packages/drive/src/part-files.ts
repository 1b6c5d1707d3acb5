import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { chunksOf } from './chunks.ts';
import { leafSize } from './cid.ts';
import { checkSpace, flushFolder, makeFolder, removeFile } from './disk.ts';
import { storageError } from './error.ts';
import { leafWriter, type LeafWriter } from './leaf-writer.ts';
import { wrongSize } from './stage.ts';

export type PartFiles = ReturnType<typeof openPartFiles>;

/**
 * One file for each upload in parts, as long as what it becomes: a part is written where it belongs, so that nothing has to be joined
 * or hashed again in the end. Parts are whole leaves, and each is flushed before it counts as received.
 */
export function openPartFiles({
  directory,
  reserve,
  flush = (file) => file.datasync(),
}: {
  directory: string;
  reserve: number | undefined;
  flush?: ((file: FileHandle) => Promise<void>) | undefined;
}) {
  const folder = join(directory, 'parts');
  const buffers: Buffer<ArrayBuffer>[] = [];
  const pathOf = (id: string) => join(folder, id);

  /** Undefined where the file is not: it was begun on another node. */
  async function openKnown(id: string): Promise<FileHandle | undefined> {
    try {
      return await open(pathOf(id), constants.O_RDWR);
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw storageError(cause);
    }
  }

  return {
    pathOf,
    prepare: () => makeFolder(folder),

    /** Makes the file of an upload. Errors: `disk_full` when all of it would not fit. */
    async create(id: string, size: number): Promise<void> {
      await checkSpace({ folder, bytes: size, reserve });
      try {
        await (await open(pathOf(id), 'wx', 0o600)).close();
        await flushFolder(folder);
      } catch (cause) {
        throw storageError(cause);
      }
    },

    async has(id: string): Promise<boolean> {
      const file = await openKnown(id);
      await file?.close();
      return file !== undefined;
    },

    /** Writes one part, exactly `size` bytes, at `position`; answers the digests of its leaves, or undefined where the file is not. */
    async write(
      id: string,
      { position, size, content, signal }: { position: number; size: number; content: AsyncIterable<Uint8Array>; signal: AbortSignal },
    ): Promise<Uint8Array | undefined> {
      await checkSpace({ folder, bytes: size, reserve });
      const file = await openKnown(id);
      if (!file) return undefined;
      let writer: LeafWriter | undefined;
      try {
        writer = leafWriter({ file, position, expected: Math.ceil(size / leafSize), buffers });
        let received = 0;
        const take = () => buffers.pop() ?? Buffer.allocUnsafeSlow(leafSize);
        for await (const chunk of chunksOf(content, { signal, take })) {
          received += chunk.length;
          if (received > size) throw wrongSize(size, 'more');
          await writer.add(chunk);
        }
        if (received < size) throw wrongSize(size, 'less');
        const digests = await writer.end();
        await flush(file);
        return digests;
      } catch (cause) {
        throw storageError(cause);
      } finally {
        await writer?.settled();
        await file.close();
      }
    },

    remove: (id: string) => removeFile(pathOf(id)),

    /** The ids of the uploads that have a file here. */
    async list(): Promise<string[]> {
      return (await readdir(folder)).filter((name) => /^[0-9a-f]{32}$/.test(name));
    },
  };
}
