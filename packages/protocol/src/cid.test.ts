import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CID } from 'multiformats/cid';
import * as digest from 'multiformats/hashes/digest';
import { fromBase32, toBase32 } from './base32.ts';
import { cidBytes, cidOf } from './cid.ts';

test('CIDs are written and read as the library does', () => {
  for (const codec of [0x55, 0x70, 0x71, 0x0129]) {
    for (let round = 0; round < 50; round++) {
      const hash = createHash('sha256').update(randomBytes(8)).digest();
      const expected = CID.createV1(codec, digest.create(0x12, hash));
      assert.equal(cidOf(codec, hash), expected.toString());
      assert.deepEqual(cidBytes(expected.toString()), expected.bytes);
    }
  }
  const old = 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPVTX';
  assert.deepEqual(cidBytes(old), CID.parse(old).bytes);
  assert.throws(() => cidBytes('bafkrei'));
  assert.throws(() => cidBytes('not a CID'));
});

test('base32 has one way to write bytes', () => {
  for (let size = 0; size < 40; size++) {
    const bytes = new Uint8Array(randomBytes(size));
    assert.deepEqual(fromBase32(toBase32(bytes)), bytes);
  }
  assert.equal(toBase32(Buffer.from('foobar')), 'mzxw6ytboi');
  for (const wrong of ['mzxw6ytbo1', 'MZXW6', 'mz=', 'a', 'ab', 'ü']) assert.equal(fromBase32(wrong), undefined, wrong);
});
