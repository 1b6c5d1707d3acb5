import assert from 'node:assert/strict';
import { createCipheriv, createHash, hash } from 'node:crypto';
import { fileCid, leafSize } from '../cid.ts';
import { DriveError, type DriveHandle } from '../index.ts';

/** What a file is at one moment, to be compared with what is found after a crash. Versions newest first. */
export type FileState = { parent: string; name: string; cid: string; versions: string[]; trashed: boolean };

/** The CID of `keyStream(seed, size)`, computed apart from the drive. */
export function cidOfSeed(seed: string, size: number): string {
  if (size > leafSize) throw new RangeError('One leaf is enough here');
  const cipher = createCipheriv('chacha20', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  return fileCid({ digests: hash('sha256', cipher.update(Buffer.alloc(size)), 'buffer'), size });
}

/** What a file may be: as it was acknowledged last, or as the change under way would leave it. Null: deleted. */
export type Allowed = (FileState | null)[];

/** Reads what was said into what each file may be now. A line that the kill cut off says nothing. */
export function listen(lines: readonly string[], known: Map<string, Allowed>): void {
  for (const line of lines) {
    const [, word, id = '', text = ''] = /^(may|is) (\w+) (null|\{.*\})$/.exec(line) ?? [];
    if (word === undefined) continue;
    const state: FileState | null = JSON.parse(text);
    known.set(id, word === 'is' ? [state] : [...(known.get(id) ?? []).slice(0, 1), state]);
  }
}

async function stateOf(handle: DriveHandle, id: string): Promise<FileState | null> {
  try {
    const { parent, name, cid = '', trashedAt } = await handle.entry(id);
    const versions = (await handle.versions(id)).map((version) => version.cid);
    return { parent: parent ?? '', name, cid, versions, trashed: trashedAt !== undefined };
  } catch (error) {
    if (error instanceof DriveError && error.code === 'entry_not_found') return null;
    throw error;
  }
}

/** Everything that was said of files, against what the drive has. What is found is what is known from then on. */
export async function compare(
  handle: DriveHandle,
  known: Map<string, Allowed>,
  when: string,
): Promise<{ files: number; underWay: number }> {
  const tally = { files: 0, underWay: 0 };
  for (const [id, allowed] of known) {
    const found = await stateOf(handle, id);
    const isAllowed = allowed.some((state) => JSON.stringify(state) === JSON.stringify(found));
    assert.ok(isAllowed, `${when}: ${id} is ${JSON.stringify(found)}, not one of ${JSON.stringify(allowed)}`);
    tally.files += 1;
    if (allowed.length > 1) tally.underWay += 1;
    if (found) known.set(id, [found]);
    else known.delete(id);
  }
  return tally;
}
