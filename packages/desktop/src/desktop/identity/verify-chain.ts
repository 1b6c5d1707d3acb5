import { followKeyChain, fromHex, toHex, type WalletKey } from '@freehold/protocol';
import { recoverPublicKey } from 'viem';

export type ChainVerdict = { root: string; isTrusted: boolean } | null;

/** Follows the chain of a key in this browser, without a word of the node's but the roots that the person decides to believe. */
export async function verifyChain(
  key: WalletKey,
  { appId, trustedRoots }: { appId: string; trustedRoots: readonly string[] },
): Promise<ChainVerdict> {
  const [byApplication, byRoot] = key.signatureChain;
  const publicKey = compress(fromHex(key.publicKey));
  const recovered = new Map<string, Uint8Array>();
  const recover = (digest: Uint8Array, signature: Uint8Array) => recovered.get(`${toHex(digest)} ${toHex(signature)}`);
  // The library answers later than the chain is followed: each link is recovered when it is asked for, and the chain is followed again.
  for (let link = 0; link <= key.signatureChain.length; link++) {
    const wanted: { digest: Uint8Array; signature: Uint8Array }[] = [];
    const links = followKeyChain({
      publicKey,
      purpose: key.purpose,
      chain: [byApplication, byRoot],
      appId: fromHex(appId),
      recover(digest, signature) {
        const known = recover(digest, signature);
        if (!known) wanted.push({ digest, signature });
        return known;
      },
    });
    if (links) return { root: links.root, isTrusted: trustedRoots.includes(links.root) };
    for (const { digest, signature } of wanted) {
      const whole = await recoverPublicKey({ hash: toHex(digest), signature: toHex(signature) }).catch(() => null);
      if (whole === null) return null;
      recovered.set(`${toHex(digest)} ${toHex(signature)}`, compress(fromHex(whole)));
    }
  }
  return null;
}

/** secp256k1 points are compressed for the chain; ed25519 keys are as they are. */
function compress(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== 65) return publicKey;
  const isOdd = ((publicKey[64] ?? 0) & 1) === 1;
  return Uint8Array.of(isOdd ? 3 : 2, ...publicKey.subarray(1, 33));
}
