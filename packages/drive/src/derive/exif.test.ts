import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { verifies } from '../../../../requirements/verifies.ts';
import { photograph } from '../testing/files.ts';
import { readExif } from './exif.ts';

const blockOf = async () => (await sharp(await photograph()).metadata()).exif ?? assert.fail();

test('what a camera writes is read', async () => {
  assert.deepEqual(readExif(await blockOf()), {
    camera: 'Canon EOS R5',
    lens: 'RF 50mm',
    takenAt: '2026-03-04T10:11:12',
    description: 'A boat',
  });
});

test('a broken block gives less, never an error and never text from elsewhere in it', async () => {
  verifies('drive.derive.hostile');
  const block = await blockOf();
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(block.length - 1), fc.nat(255)), { maxLength: 12 }), fc.nat(block.length), (changes, length) => {
      const broken = Buffer.from(block.subarray(0, length));
      for (const [at, value] of changes) if (at < broken.length) broken[at] = value;
      for (const text of Object.values(readExif(broken))) assert.ok(text.length <= 1001 && !/\p{Cc}/u.test(text));
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readExif(bytes)));
  const cyclic = Buffer.from(block);
  const exifPointer = cyclic.indexOf(Buffer.from([0x69, 0x87]));
  if (exifPointer > 0) cyclic.writeUInt32LE(8, exifPointer + 8);
  readExif(cyclic);
});
