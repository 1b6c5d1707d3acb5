import { createPublicKey, verify } from 'node:crypto';
import { fromHex, hashPersonalMessage, solanaPublicKey, toHex, type Address, type Hex } from '@freehold/protocol';
import type { SignInMessage } from './message.ts';

/**
 * Asks a chain whether a contract takes a signature as its own (ERC-1271; ERC-6492 when the contract is not there yet). Undefined when
 * this node knows no such chain, or cannot reach it now.
 */
export type AskContract = (question: { address: Address; chainId: number; digest: Hex; signature: Hex }) => Promise<boolean | undefined>;

export type SignatureVerdict = 'valid' | 'invalid' | 'chain_unknown';

/** SubjectPublicKeyInfo of ed25519, up to the key. */
const ed25519Head = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Whether a wallet signed a message. A key's signature is checked here, with no chain; only one that is not the key's is put to the
 * contract that may be at the address. An ed25519 signature is for Solana's wallets.
 */
export async function checkSignature({
  wallet,
  chainId,
  message,
  signature,
  recover,
  askContract,
}: {
  wallet: SignInMessage['wallet'];
  chainId: number | undefined;
  message: string;
  signature: Hex;
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  askContract: AskContract | undefined;
}): Promise<SignatureVerdict> {
  if (wallet.startsWith('solana:')) return isEd25519(message, fromHex(signature), solanaPublicKey(wallet.slice(7))) ? 'valid' : 'invalid';
  const digest = hashPersonalMessage(message);
  const address: Address = `0x${wallet.slice(2)}`;
  if (recover(digest, signature) === address) return 'valid';
  const answer = chainId === undefined ? undefined : await askContract?.({ address, chainId, digest: toHex(digest), signature });
  return answer === undefined ? 'chain_unknown' : answer ? 'valid' : 'invalid';
}

const isEd25519 = (message: string, signature: Uint8Array, publicKey: Uint8Array): boolean =>
  signature.length === 64 &&
  verify(
    null,
    Buffer.from(message),
    createPublicKey({ key: Buffer.concat([ed25519Head, publicKey]), format: 'der', type: 'spki' }),
    signature,
  );
