import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { leafDigest, rawCid } from '../cid.ts';
import { folderDag, type Link } from './folder-dag.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz01234567890-_';

/** Names as Kubo's own test makes them: bytes of a key stream, each a letter of the alphabet. */
function* names(seed: string): Generator<string, never, number> {
  const cipher = createCipheriv('chacha20', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  let length: number = yield '';
  for (;;) length = yield [...cipher.update(Buffer.alloc(length))].map((byte) => alphabet[byte % alphabet.length]).join('');
}

async function links(count: number, length: number, last: number): Promise<Link[]> {
  const cid = rawCid(await leafDigest(Uint8Array.from(Buffer.from('x'))));
  const source = names('hamt-unixfs-v1-2025');
  source.next(0);
  return Array.from({ length: count }, (_, index) => ({
    name: source.next(index === count - 1 ? last : length).value ?? '',
    cid,
    total: 1,
  }));
}

test('folders have the CIDs that Kubo gives, up to the largest plain one and one byte beyond', async () => {
  verifies('drive.ipfs.profile');
  assert.equal(folderDag([]).cid.toString(), 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354');
  assert.equal(folderDag(await links(4766, 11, 21)).cid.toString(), 'bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4');
  assert.equal(folderDag(await links(4766, 11, 22)).cid.toString(), 'bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu');
});
