import { fromHex, toHex, type Hex } from '@freehold/protocol';
import { concat, keccak256, stringToHex } from 'viem';

/**
 * A nonce that says what it pays for. EIP-3009 signs no purpose: who gets hold of a stock client's payment before its
 * seller does could spend it on another function of the same price and payee. Our client makes the nonce
 *
 *     "freehld1" ‖ the first 24 bytes of keccak256("freehold/bind/1" ‖ offer id ‖ salt)
 *
 * and tells the salt in `extensions.freehold`. The mark is signed with the nonce, so a payment cannot be stripped of its
 * binding: a nonce with the mark and without the right salt is refused.
 */
export type Binding = { offerId: string; salt: Hex };

const mark = stringToHex('freehld1');

export const isBoundNonce = (nonce: Hex): boolean => nonce.startsWith(mark);

export function boundNonce({ offerId, salt }: Binding): Hex {
  const hash = keccak256(concat([stringToHex('freehold/bind/1'), `0x${offerId}`, salt]));
  return `${mark}${hash.slice(2, 50)}`;
}

/** The salt in an extension, if it is one. */
export function bytes32Of(value: unknown): Hex | undefined {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{64}$/.test(value)) return undefined;
  return toHex(fromHex(value));
}
