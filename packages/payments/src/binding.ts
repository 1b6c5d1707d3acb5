import { fromHex, toHex, type Hex } from '@freehold/protocol';
import { concat, keccak256, stringToHex, type Hex as ViemHex } from 'viem';

/**
 * A nonce that says what it pays for. EIP-3009 signs no purpose: who gets hold of a stock client's payment before its
 * seller does could spend it on another function of the same price and payee. Our client makes the nonce
 *
 *     "freehld1" ‖ the first 24 bytes of keccak256("freehold/bind/1" ‖ offer id ‖ request hash or zeros ‖ salt)
 *
 * and tells the salt in `extensions.freehold`. The mark is signed with the nonce, so a payment cannot be stripped of its
 * binding: a nonce with the mark and without the right salt is refused.
 */
export type Binding = { offerId: string; requestHash?: Hex; salt: Hex };

const mark = stringToHex('freehld1');
const noRequest: ViemHex = `0x${'00'.repeat(32)}`;

export const isBoundNonce = (nonce: Hex): boolean => nonce.startsWith(mark);

export function boundNonce({ offerId, requestHash = noRequest, salt }: Binding): Hex {
  const hash = keccak256(concat([stringToHex('freehold/bind/1'), `0x${offerId}`, requestHash, salt]));
  return `${mark}${hash.slice(2, 50)}`;
}

/** The hash by which a client may bind its payment to one request, body included: the method, path with query, and body. */
export function requestHashOf({ method, path, body }: { method: string; path: string; body: Uint8Array }): Hex {
  const head = new TextEncoder().encode(`${method.toUpperCase()} ${path}\n`);
  return keccak256(concat([toHex(head), keccak256(body)]));
}

/** Bytes of a salt or hash in an extension, if it is one. */
export function bytes32Of(value: unknown): Hex | undefined {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{64}$/.test(value)) return undefined;
  return toHex(fromHex(value));
}
