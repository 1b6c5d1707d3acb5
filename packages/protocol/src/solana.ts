import { keccak_256 } from '@noble/hashes/sha3.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { base58btc } from 'multiformats/bases/base58';
import { z } from 'zod';
import { toAddress, type Address } from './address.ts';
import { toHex } from './hex.ts';

/** Solana's form of an ed25519 public key: base 58. */
export const solanaAddress = (publicKey: Uint8Array): string => base58btc.baseEncode(publicKey);

/** The 32 bytes of it. Errors: TypeError. */
export function solanaPublicKey(text: string): Uint8Array {
  const bytes = fromBase58(text);
  if (bytes?.length !== 32) throw new TypeError('Not a Solana address');
  return bytes;
}

/** Only in the one way to write it. */
export const isSolanaAddress = (text: string): boolean => {
  const bytes = fromBase58(text);
  return bytes?.length === 32 && solanaAddress(bytes) === text;
};

/** Undefined for what is none. */
export function fromBase58(text: string): Uint8Array | undefined {
  try {
    return base58btc.baseDecode(text);
  } catch {
    return undefined;
  }
}

export type SolanaWallet = `solana:${string}`;

/** A Solana wallet by its CAIP-like name: `solana:` and the address. */
export const solanaWallet = z
  .string()
  .regex(/^solana:/, 'must be solana: and an address')
  .refine((text) => isSolanaAddress(text.slice(7)), 'must be solana: and an address of 32 bytes in base 58')
  .transform((text): SolanaWallet => `solana:${text.slice(7)}`);

/**
 * The account of a Solana wallet. Accounts are named by 20 bytes, as Ethereum's addresses are; for this one nobody has a key, so nothing
 * can be paid to it.
 */
export const accountOfSolana = (wallet: SolanaWallet): Address => toAddress(toHex(keccak_256(utf8ToBytes(wallet)).subarray(12)));
