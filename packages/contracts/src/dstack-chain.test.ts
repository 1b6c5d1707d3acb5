import assert from 'node:assert/strict';
import { createHash, hkdfSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { issuedDigest, purposeDigest, toHex, type Hex } from '@freehold/protocol';
import { concatHex, createPublicClient, http, hexToBytes, numberToHex, size, slice } from 'viem';
import { privateKeyToAccount, sign } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { dstackVerifierAbi, openLocalChain } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'freehold-dstack-'));
const chain = await openLocalChain({ directory, log: () => undefined });
assert(chain.kind === 'running', 'this machine has no anvil');
after(async () => {
  await chain.stop();
  rmSync(directory, { recursive: true, force: true });
});
const { dstackVerifier } = chain.contracts;
const client = createPublicClient({ transport: http(chain.rpcUrl) });

/** dstack's derivation: HKDF-SHA256 with its salt. */
const derive = (secret: Hex, ...context: (Uint8Array | string)[]): Hex =>
  toHex(new Uint8Array(hkdfSync('sha256', hexToBytes(secret), 'RATLS', Buffer.concat(context.map((part) => Buffer.from(part))), 32)));

/** The 33 bytes that dstack signs, and the 64 that the contract takes. */
function publicKeyOf(secret: Hex): { compressed: Uint8Array; point: Hex } {
  const point = slice(privateKeyToAccount(secret).publicKey, 1);
  const sign = (hexToBytes(point)[63] ?? 0) % 2 === 0 ? '0x02' : '0x03';
  return { compressed: hexToBytes(concatHex([sign, slice(point, 0, 32)])), point };
}

/** r ‖ s ‖ 0 or 1, as the guest agent gives it. */
async function signed(digest: Uint8Array, privateKey: Hex): Promise<Hex> {
  const { r, s, yParity } = await sign({ hash: toHex(digest), privateKey });
  return concatHex([r, s, numberToHex(yParity ?? 0, { size: 1 })]);
}

/** What a guest gets from a key service with this root, for a path and a purpose. */
async function issue(root: Hex, appId: Uint8Array, purpose: string) {
  const application = derive(root, appId, 'app-key');
  const key = derive(application, purpose);
  return {
    address: privateKeyToAccount(key).address,
    chain: {
      appId: toHex(appId),
      appKey: publicKeyOf(application).point,
      key: publicKeyOf(key).point,
      purpose,
      keySignature: await signed(purposeDigest(purpose, publicKeyOf(key).compressed), application),
      appSignature: await signed(issuedDigest(appId, publicKeyOf(application).compressed), root),
    },
  };
}

const verify = (root: Hex, chain: Awaited<ReturnType<typeof issue>>['chain']) =>
  client.readContract({
    address: dstackVerifier,
    abi: dstackVerifierAbi,
    functionName: 'verify',
    args: [privateKeyToAccount(root).address, chain],
  });

test('chains as the guest agent makes them are verified on-chain, and no altered one', async () => {
  verifies('payments.contracts.dstack');
  for (let round = 0; round < 8; round++) {
    const root = toHex(createHash('sha256').update(`root ${round}`).digest());
    const appId = createHash('sha256').update(`application ${round}`).digest().subarray(0, 20);
    const made = await issue(root, appId, `shop/wallet/v1/secp256k1/${round}`);
    assert.equal(await verify(root, made.chain), made.address);

    const other = await issue(root, appId, 'shop/wallet/v1/secp256k1/other');
    const stranger = await issue(derive(root, 'stranger'), appId, made.chain.purpose);
    for (const change of [
      { purpose: other.chain.purpose },
      { key: other.chain.key },
      { keySignature: other.chain.keySignature },
      { appId: toHex(createHash('sha256').digest().subarray(0, 20)) },
      { appSignature: stranger.chain.appSignature },
      { appKey: stranger.chain.appKey, keySignature: stranger.chain.keySignature, key: stranger.chain.key },
      { keySignature: slice(made.chain.keySignature, 0, size(made.chain.keySignature) - 1) },
    ]) {
      await assert.rejects(verify(root, { ...made.chain, ...change }), /NotIssuedBy(Root|Application)/, JSON.stringify(change));
    }
    await assert.rejects(verify(derive(root, 'stranger'), made.chain), /NotIssuedByRoot/);
  }
});
