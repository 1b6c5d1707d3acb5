import { z } from 'zod';
import { address, type Address } from './address.ts';
import type { Field, TypedData } from './eip712.ts';
import { bytes32, hexOf, toHex, fromHex } from './hex.ts';
import { atomicAmount } from './money.ts';
import { chainIdOf } from './network.ts';

/**
 * Freehold's own x402 scheme: a grant of the Escrow contract is a budget that a payer has reserved for one seller, and each call carries a cumulative
 * voucher on it. Unlike a channel it takes several calls at a time in any order, and its vouchers may be signed by a session key.
 *
 * `extra` of the terms: `escrow` (the contract), `name` and `version` (the token's EIP-712 domain, for an opening).
 */
export const escrowScheme = 'escrow';

const uint128 = atomicAmount.refine((text) => !/^\d+$/.test(text) || BigInt(text) < 1n << 128n, 'must fit in 128 bits');
const uint256 = atomicAmount.refine((text) => !/^\d+$/.test(text) || BigInt(text) < 1n << 256n, 'must fit in 256 bits');

export const escrowVoucher = z.object({
  payer: address,
  provider: address,
  /** Counts the grants of this payer to this provider. */
  epoch: z.number().int().min(0).max(0xffff_ffff),
  /** Everything that the provider may have charged in this epoch. */
  cumulative: uint128,
});
export type EscrowVoucher = z.output<typeof escrowVoucher>;

/** A grant that is opened, or whose budget is raised, with the call: money comes in by an EIP-3009 authorization whose nonce binds the terms. */
export const escrowOpening = z.object({
  priceCap: uint128,
  budget: uint128,
  /** Key that signs the vouchers; the zero address for the payer's own. */
  signer: address,
  amount: uint256,
  validAfter: uint256,
  validBefore: uint256,
  salt: bytes32,
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2}){1,2048}$/, 'must be hexadecimal bytes')
    .transform((text) => toHex(fromHex(text))),
});
export type EscrowOpening = z.output<typeof escrowOpening>;

export const escrowPayload = escrowVoucher.extend({ signature: hexOf(65), opening: escrowOpening.optional() });
export type EscrowPayload = z.output<typeof escrowPayload>;

/** Words for what is wrong with a payment from a grant. A client acts on `outOfStep`: the terms then say `epoch`, `charged`, `signed` and `budget`. */
export const escrowErrors = {
  outOfStep: 'invalid_escrow_out_of_step',
  provider: 'invalid_escrow_provider_mismatch',
  signature: 'invalid_escrow_voucher_signature',
  priceCap: 'invalid_escrow_price_above_cap',
  budget: 'invalid_escrow_budget_exceeded',
  closing: 'invalid_escrow_grant_revoked',
  busy: 'invalid_escrow_too_many_calls',
  openingFailed: 'invalid_escrow_opening_failed',
  openingExpired: 'invalid_escrow_opening_valid_before',
  openingNotYet: 'invalid_escrow_opening_valid_after',
} as const;

/** What the key of a grant signs for a call. */
export const escrowVoucherTypedData = (
  network: string,
  escrow: Address,
  { payer, provider, epoch, cumulative }: EscrowVoucher,
): TypedData => ({
  domain: { name: 'Freehold Escrow', version: '1', chainId: chainIdOf(network), verifyingContract: escrow },
  domainFields,
  primaryType: 'Voucher',
  fields: voucherFields,
  message: { payer, provider, epoch: String(epoch), cumulative },
});

const domainFields: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];

const voucherFields: readonly Field[] = [
  { name: 'payer', type: 'address' },
  { name: 'provider', type: 'address' },
  { name: 'epoch', type: 'uint32' },
  { name: 'cumulative', type: 'uint128' },
];
