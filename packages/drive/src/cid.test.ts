import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { keyStream, sha256Of, textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const MiB = 1 << 20;
const long = process.env['FREEHOLD_LONG'] === '1';

/** Seed, bytes and CID as Kubo's tests for the profile unixfs-v1-2025 have them. */
const golden: [string, number, string][] = [
  ['chunk-v1-seed', MiB, 'bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta'],
  ['chunk-v1-seed', MiB + 1, 'bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64'],
];
const goldenLong: [string, number, string][] = [
  ['v1-2025-seed', 1024 * MiB, 'bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm'],
  ['v1-2025-seed', 1024 * MiB + 1, 'bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe'],
];

test('files have the CIDs that Kubo gives, however the bytes arrive', async (t) => {
  verifies('foundation.drive.cid');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const write = (content: AsyncIterable<Uint8Array>) => alice.writeFile({ parent, name: 'x', content, onConflict: 'rename' });
  assert.equal((await write(textStream('hello world'))).cid, 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e');
  assert.equal((await write(textStream(''))).cid, 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
  for (const [seed, size, cid] of golden)
    for (const piece of [997, 65_536, 100_003, 3 * MiB])
      assert.equal((await write(keyStream(seed, size, piece))).cid, cid, `${size} bytes in pieces of ${piece}`);
});

test('files of a GiB, where the tree gets a second level', { skip: long ? false : 'two GiB: runs in test:long' }, async (t) => {
  verifies('foundation.drive.cid');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  for (const [seed, size, cid] of goldenLong)
    assert.equal((await alice.writeFile({ parent, name: `${size}`, size, content: keyStream(seed, size) })).cid, cid);
});

test('a file on the disk is byte for byte what was written, under its CID', async (t) => {
  const { drive, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const { cid } = await alice.writeFile({ parent, name: 'x', content: keyStream('flat', 5_000_000) });
  await alice.writeFile({ parent, name: 'small', content: keyStream('small', 65_536) });
  const [path = '', ...rest] = files();
  assert.deepEqual(rest, [], 'small content is in the database');
  assert.equal(basename(path), cid);
  assert.match(path, /blobs\/[0-9a-f]{2}\/[0-9a-f]{2}\/baf\w+$/);
  assert.equal(await sha256Of(createReadStream(path)), await sha256Of(keyStream('flat', 5_000_000)));
});
