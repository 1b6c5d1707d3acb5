import type { Database } from '@freehold/database';
import type { BlobStore } from './blob-store.ts';
import { chunksOf } from './chunks.ts';
import { fileCid, leafDigest, leafSize } from './cid.ts';
import { blobRows } from './store/blobs.ts';
import { driveRows } from './store/drives.ts';

/** Files looked at between two questions to the database, and problems of one kind told at most. */
const page = 200;

export type AuditOptions = {
  database: Database;
  blobs: BlobStore;
  /** Reads and hashes every byte, too. */
  rehash: boolean;
  signal: AbortSignal;
};

/**
 * Counts everything anew and compares: references of blobs, used bytes of drives, files on disk. Answers a sentence for each difference,
 * none when all is well. Writes in between may show as a difference, so ask again before believing one.
 */
export async function audit({ database, blobs, rehash, signal }: AuditOptions): Promise<string[]> {
  const problems: string[] = [];
  for (const { id, used, counted } of await driveRows(database.read).miscounted(page))
    problems.push(`Drive ${id} counts ${used} bytes as used, but holds ${counted}.`);
  for (const { cid, refs, counted } of await blobRows(database.read).miscounted(page))
    problems.push(`Content ${cid} counts ${refs} references, but ${counted} exist.`);
  for (const { entry, cid } of await blobRows(database.read).dangling(page))
    problems.push(`Entry ${entry} names content ${cid}, which is not stored.`);

  let files = await blobRows(database.read).files('', page);
  while (files.length > 0) {
    for (const { cid, size } of files) {
      signal.throwIfAborted();
      const problem = await inspect(cid, size);
      if (problem) problems.push(problem);
    }
    files = await blobRows(database.read).files(files.at(-1)?.cid ?? '', page);
  }
  return problems;

  async function inspect(cid: string, size: number): Promise<string | undefined> {
    const handle = await blobs.inspect(cid);
    if (!handle) return `Content ${cid} is missing on the disk.`;
    try {
      const found = (await handle.stat()).size;
      if (found !== size) return `Content ${cid} has ${found} bytes on the disk instead of ${size}.`;
      if (!rehash) return undefined;
      const digests: Uint8Array[] = [];
      const source = handle.createReadStream({ highWaterMark: leafSize, autoClose: false });
      for await (const chunk of chunksOf(source, { signal, take: () => Buffer.allocUnsafeSlow(leafSize) }))
        digests.push(await leafDigest(chunk));
      const intact = fileCid({ digests: Buffer.concat(digests), size }) === cid;
      return intact ? undefined : `Content ${cid} is damaged: its bytes are not the ones that were stored.`;
    } finally {
      await handle.close();
    }
  }
}
