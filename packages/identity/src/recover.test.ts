import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hashPersonalMessage, toHex, type Hex } from '@freehold/protocol';
import { privateKeyToAccount } from 'viem/accounts';
import { recoverAddress } from './recover.ts';
import { makeWallet, malleate } from './testing/wallet.ts';

test('recovers what another implementation signed, with either writing of the recovery byte', async () => {
  for (let round = 0; round < 20; round++) {
    const account = privateKeyToAccount(toHex(randomBytes(32)));
    const signature = await account.signMessage({ message: `round ${round}` });
    const digest = hashPersonalMessage(`round ${round}`);
    assert.equal(recoverAddress(digest, signature), account.address);
    const v = Number.parseInt(signature.slice(130), 16) - 27;
    assert.equal(recoverAddress(digest, `0x${signature.slice(2, 130)}0${v}`), account.address);
  }
});

test('the malleable twin of a signature is refused', () => {
  const wallet = makeWallet();
  const digest = randomBytes(32);
  const signature = wallet.signDigest(digest);
  assert.equal(recoverAddress(digest, signature), wallet.address);
  assert.equal(recoverAddress(digest, malleate(signature)), undefined);
  assert.equal(malleate(malleate(signature)), signature);
});

test('garbage is answered with undefined, never an exception', () => {
  const wallet = makeWallet();
  const digest = randomBytes(32);
  const good = wallet.signDigest(digest);
  const bad = [
    '0x',
    `${good}00`,
    good.slice(0, -2),
    good.slice(2),
    `0x${'00'.repeat(65)}`,
    `0x${'ff'.repeat(65)}`,
    `0x${'zz'.repeat(65)}`,
    `${good.slice(0, 130)}1d`,
    `${good.slice(0, 130)}ff`,
    `0x${'00'.repeat(32)}${good.slice(66)}`,
    `${good.slice(0, 66)}${'00'.repeat(32)}1b`,
  ] as Hex[];
  for (const signature of bad) assert.equal(recoverAddress(digest, signature), undefined, signature);
  assert.equal(recoverAddress(digest.subarray(1), good), undefined);
  assert.equal(recoverAddress(new Uint8Array(0), good), undefined);
  for (let round = 0; round < 200; round++) {
    assert.notEqual(recoverAddress(digest, toHex(randomBytes(65))), wallet.address);
  }
});
