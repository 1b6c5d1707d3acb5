import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { address } from './address.ts';
import { fromHex, hexOf, toHex, type Hex } from './hex.ts';

/** Wallets whose keys a trusted execution environment derives (dstack): which key is whose, and how anybody checks that. */

export const walletAlgorithm = z.enum(['secp256k1', 'ed25519']);
export type WalletAlgorithm = z.output<typeof walletAlgorithm>;

/** Whose wallet it is: a person who signed up with a user id, or an account that has a wallet of its own besides. */
export type WalletSubject = { userId: string } | { account: string };

/**
 * The derivation path of a wallet's key, and its purpose too. dstack derives the key from the path alone, whatever the algorithm, and
 * signs the purpose alone: so both name the application, the version, the algorithm and the person. A person is a hash, because a
 * path is public, and a name need not be ASCII.
 */
export function walletPath({
  subject,
  version,
  algorithm,
}: {
  subject: WalletSubject;
  version: number;
  algorithm: WalletAlgorithm;
}): string {
  const person = 'userId' in subject ? `uid\0${subject.userId}` : `account\0${subject.account}`;
  return `freehold/wallet/v${version}/${algorithm}/${toHex(sha256(utf8ToBytes(person))).slice(2)}`;
}

/** The application's signature over a key and its purpose, and the key service's over the application: 65 bytes each, r, s and 0 or 1. */
export const keyChain = z.tuple([hexOf(65), hexOf(65)]);
export type KeyChain = readonly [Hex, Hex];

export type ChainLinks = {
  /** Compressed public keys of the application and of the key service's root: whom the chain leads to. */
  application: Hex;
  root: Hex;
};

/**
 * Follows a signature chain from a key to the root of the key service that vouches for it. Undefined when it leads nowhere. That it
 * leads to a root says nothing yet: the caller compares `root` with those it trusts. `appId` is the one of the application that the
 * caller expects; for another one the chain leads to another root, which nobody trusts.
 */
export function followKeyChain({
  publicKey,
  purpose,
  chain,
  appId,
  recover,
}: {
  /** Compressed secp256k1 (33 bytes) or ed25519 (32 bytes). */
  publicKey: Uint8Array;
  purpose: string;
  chain: KeyChain;
  /** 20 bytes. */
  appId: Uint8Array;
  /** The compressed public key that signed 32 bytes, with a recovery id of 0 or 1; undefined when nobody can have. */
  recover: (digest: Uint8Array, signature: Uint8Array) => Uint8Array | undefined;
}): ChainLinks | undefined {
  const [byApplication, byRoot] = chain;
  const application = recover(purposeDigest(purpose, publicKey), fromHex(byApplication));
  const root = application && recover(issuedDigest(appId, application), fromHex(byRoot));
  return application && root && { application: toHex(application), root: toHex(root) };
}

/** What the key service signs when it gives an application its key. */
export const issuedDigest = (appId: Uint8Array, application: Uint8Array): Uint8Array =>
  keccak_256(concatBytes(utf8ToBytes('dstack-kms-issued:'), appId, application));

/** What the application signs when it gives out a key for a purpose. */
export const purposeDigest = (purpose: string, publicKey: Uint8Array): Uint8Array =>
  keccak_256(utf8ToBytes(`${purpose}:${toHex(publicKey).slice(2)}`));

/** One key of a wallet, with the proof of where it comes from. */
export const walletKey = z.object({
  algorithm: walletAlgorithm,
  version: z.number(),
  /** secp256k1: uncompressed, 65 bytes; ed25519: 32 bytes. */
  publicKey: z.string(),
  /** Ethereum's form for secp256k1, Solana's for ed25519. */
  address: z.string(),
  purpose: z.string(),
  signatureChain: keyChain,
  createdAt: z.number(),
});
export type WalletKey = z.output<typeof walletKey>;

/** What is known of the key service; `isTee` false says that no hardware protects these keys. */
export const keyService = z.object({
  isTee: z.boolean(),
  product: z.string(),
  appId: hexOf(20),
  composeHash: z.string(),
  /** Compressed public keys of roots that this node trusts. */
  trustedRoots: z.array(hexOf(33)),
});

export const wallet = z.object({
  /** What it stands for at the node: the account. */
  account: address,
  keys: z.array(walletKey),
  service: keyService,
});
