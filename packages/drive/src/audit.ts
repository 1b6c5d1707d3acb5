import type { Database } from '@freehold/database';
import type { BlobStore } from './blob-store.ts';
import { chunksOf } from './chunks.ts';
import { fileCid, leafDigest, leafSize } from './cid.ts';
import { blobRows } from './store/blobs.ts';
import { driveRows } from './store/drives.ts';

const page = 200;

export type AuditOptions = {
  database: Database;
  blobs: BlobStore;
  /** Reads and hashes every byte, too. */ rehash: boolean;
  signal: AbortSignal;
};

/**
 * Counts everything anew and compares: references of blobs, used bytes of drives, files on disk. Answers a sentence for each difference,
 * none when all is well. Each page is one look; writes in between may show as a difference, so ask again before believing one.
 */
export async function audit({ database, blobs, rehash, signal }: AuditOptions): Promise<string[]> {
  const problems: string[] = [];
  await eachPage(
    (after) => driveRows(database.read).counted(after, page),
    ({ id }) => id,
    async ({ id, used, counted }) => {
      if (used !== counted) problems.push(`Drive ${id} counts ${used} bytes as used, but holds ${counted}.`);
    },
  );
  for (const { entry, cid } of await blobRows(database.read).dangling(page))
    problems.push(`Entry ${entry} names content ${cid}, which is not stored.`);
  await eachPage(
    (after) => blobRows(database.read).counted(after, page),
    ({ cid }) => cid,
    async ({ cid, size, refs, counted, file }) => {
      signal.throwIfAborted();
      if (refs !== counted) problems.push(`Content ${cid} counts ${refs} references, but ${counted} exist.`);
      if (file) problems.push(...(await inspect(cid, size)));
    },
  );
  return problems;

  async function inspect(cid: string, size: number): Promise<string[]> {
    const handle = await blobs.inspect(cid);
    if (!handle) return [`Content ${cid} is missing on the disk.`];
    try {
      const found = (await handle.stat()).size;
      if (found !== size) return [`Content ${cid} has ${found} bytes on the disk instead of ${size}.`];
      if (!rehash) return [];
      const digests: Uint8Array[] = [];
      const source = handle.createReadStream({ highWaterMark: leafSize, autoClose: false });
      for await (const chunk of chunksOf(source, { signal, take: () => Buffer.allocUnsafeSlow(leafSize) }))
        digests.push(await leafDigest(chunk));
      return fileCid({ digests: Buffer.concat(digests), size }) === cid
        ? []
        : [`Content ${cid} is damaged: its bytes are not the ones stored.`];
    } finally {
      await handle.close();
    }
  }
}

async function eachPage<Row>(next: (after: string) => Promise<Row[]>, key: (row: Row) => string, visit: (row: Row) => Promise<void>) {
  let rows = await next('');
  while (rows.length > 0) {
    for (const row of rows) await visit(row);
    const last = rows.at(-1);
    rows = last === undefined ? [] : await next(key(last));
  }
}
