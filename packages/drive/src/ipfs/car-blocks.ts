import type { Context } from '../account.ts';
import { DriveError, notFound } from '../error.ts';
import type { EntryRow } from '../store/entries.ts';
import { inlined } from './blocks.ts';
import { byteReader } from './byte-reader.ts';
import { invalid, readCar } from './car-read.ts';
import type { Recorder, Snapshot } from './snapshot.ts';

const mostBlocks = 1_000_000;

/** Records the blocks of a CAR file as parts of that file, each compared with its hash: whatever is in them, and under whatever profile. */
export async function takeBlocksOf(
  { blobs }: Context,
  { id }: EntryRow,
  recorder: Recorder,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const [row] = await recorder.page(
    async ({ entries }) => [await entries.get(id)].filter((found) => found !== undefined),
    () => true,
  );
  if (!row) throw notFound();
  const { cid: blob, size, name } = row;
  if (blob === null) throw new DriveError('not_a_file', `"${name}" is a folder. Choose a CAR file.`);
  const { roots, blocks } = await readCar(byteReader(await blobs.read({ cid: blob, size, start: 0, length: size }), signal));
  const [root, ...more] = roots;
  if (!root || more.length > 0) throw invalid(`It names ${roots.length} roots, but exactly one is needed. Export each on its own.`);
  let hasRoot = inlined(root) !== undefined;
  let count = 0;
  for await (const { cid, bytes, position } of blocks) {
    if (inlined(cid)) continue;
    if (++count > mostBlocks) throw invalid(`It holds more than ${mostBlocks} blocks. Divide it.`);
    hasRoot ||= Buffer.compare(cid.multihash.digest, root.multihash.digest) === 0;
    await recorder.blocks([{ hash: cid.multihash.digest, blob, start: position, length: bytes.length }]);
  }
  if (!hasRoot) throw invalid('The block of its root is missing in it.');
  return { root, total: size };
}
