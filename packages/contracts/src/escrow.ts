import type { Address, Hex } from '@freehold/protocol';
import { encodeAbiParameters, keccak256 } from 'viem';

/** EIP-712 domain of the Escrow contract. */
export const escrowDomain = ({ chainId, escrow }: { chainId: number; escrow: Address }) =>
  ({ name: 'Freehold Escrow', version: '1', chainId, verifyingContract: escrow }) as const;

/** EIP-712 types of Escrow: what a voucher's signer signs, and a grant made by signature. */
export const escrowTypes = {
  Voucher: [
    { name: 'payer', type: 'address' },
    { name: 'provider', type: 'address' },
    { name: 'epoch', type: 'uint32' },
    { name: 'cumulative', type: 'uint128' },
  ],
  Approve: [
    { name: 'payer', type: 'address' },
    { name: 'provider', type: 'address' },
    { name: 'priceCap', type: 'uint128' },
    { name: 'budget', type: 'uint128' },
    { name: 'signer', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
} as const;

/** Amounts in atomic units. `signer` is the key that signs vouchers; the zero address for the payer's own. */
export type EscrowTerms = { payer: Address; provider: Address; priceCap: bigint; budget: bigint; signer: Address; salt: Hex };

/** The nonce of the EIP-3009 `ReceiveWithAuthorization` (to: the Escrow) that `openWithAuthorization` takes: it binds the terms. */
export const escrowOpenNonce = ({ payer, provider, priceCap, budget, signer, salt }: EscrowTerms): Hex =>
  keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'address' }, { type: 'uint128' }, { type: 'uint128' }, { type: 'address' }, { type: 'bytes32' }],
      [payer, provider, priceCap, budget, signer, salt],
    ),
  );
