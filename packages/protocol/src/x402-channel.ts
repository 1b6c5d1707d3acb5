import { z } from 'zod';
import { address } from './address.ts';
import type { Field, TypedData } from './eip712.ts';
import { bytes32, hexOf, toHex, type Hex } from './hex.ts';
import { atomicAmount } from './money.ts';
import { chainIdOf } from './network.ts';

/** x402's scheme `batch-settlement`: one deposit, then a voucher for each call. Names and shapes are the specification's. */
export const channelScheme = 'batch-settlement';

/** The same on every chain that has them. */
export const channelContracts = {
  settlement: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003',
  /** Takes a deposit in by an EIP-3009 authorization. */
  erc3009Collector: '0x4020806089470a89826cB9fB1f4059150b550004',
} as const;

/** Bounds that the contract sets for `withdrawDelay`, in seconds. */
export const withdrawDelays = { least: 900, most: 2_592_000 } as const;

const uint128 = atomicAmount.refine((text) => !/^\d+$/.test(text) || BigInt(text) < 1n << 128n, 'must fit in 128 bits');
const uint256 = atomicAmount.refine((text) => !/^\d+$/.test(text) || BigInt(text) < 1n << 256n, 'must fit in 256 bits');
const signature = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2}){1,2048}$/, 'must be hexadecimal bytes')
  .transform((text) => toHex(Uint8Array.from(text.slice(2).match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))));

/** What a channel is: its id is the EIP-712 hash of this. */
export const channelConfig = z.object({
  payer: address,
  /** Whose vouchers count. */
  payerAuthorizer: address,
  receiver: address,
  /** May claim for the receiver and refund the payer. */
  receiverAuthorizer: address,
  token: address,
  /** Seconds between the start of a withdrawal by the payer alone and its end. */
  withdrawDelay: z.number().int().min(0).max(1_099_511_627_775),
  salt: bytes32,
});
export type ChannelConfig = z.output<typeof channelConfig>;

/** Good for all calls so far together: each voucher takes the place of those before it. */
export const channelVoucher = z.object({ channelId: bytes32, maxClaimableAmount: uint128, signature: hexOf(65) });
export type ChannelVoucher = z.output<typeof channelVoucher>;

export const channelDeposit = z.object({
  amount: uint128,
  authorization: z.object({
    erc3009Authorization: z.object({ validAfter: uint256, validBefore: uint256, salt: bytes32, signature }),
  }),
});
export type ChannelDeposit = z.output<typeof channelDeposit>;

/** The payload without its channel, which is known from earlier calls as a rule. */
export const channelPayload = z.discriminatedUnion('type', [
  z.object({ type: z.literal('voucher'), channelConfig: z.unknown(), voucher: channelVoucher }),
  z.object({ type: z.literal('deposit'), channelConfig: z.unknown(), voucher: channelVoucher, deposit: channelDeposit }),
  z.object({ type: z.literal('refund'), channelConfig: z.unknown(), voucher: channelVoucher, amount: uint128.optional() }),
]);
export type ChannelPayload = z.output<typeof channelPayload>;

/** x402's words for what is wrong with a payment of a channel. Clients act on some of them. */
export const channelErrors = {
  mismatch: 'invalid_batch_settlement_evm_cumulative_amount_mismatch',
  busy: 'invalid_batch_settlement_evm_channel_busy',
  signature: 'invalid_batch_settlement_evm_voucher_signature',
  exceedsBalance: 'invalid_batch_settlement_evm_cumulative_exceeds_balance',
  channelId: 'invalid_batch_settlement_evm_channel_id_mismatch',
  receiver: 'invalid_batch_settlement_evm_receiver_mismatch',
  receiverAuthorizer: 'invalid_batch_settlement_evm_receiver_authorizer_mismatch',
  token: 'invalid_batch_settlement_evm_token_mismatch',
  withdrawDelay: 'invalid_batch_settlement_evm_withdraw_delay_mismatch',
  depositSignature: 'invalid_batch_settlement_evm_receive_authorization_signature',
  depositFailed: 'invalid_batch_settlement_evm_deposit_transaction_failed',
  depositTooSmall: 'invalid_batch_settlement_evm_deposit_below_min_deposit',
  validBefore: 'invalid_batch_settlement_evm_payload_authorization_valid_before',
  validAfter: 'invalid_batch_settlement_evm_payload_authorization_valid_after',
  noBalance: 'invalid_batch_settlement_evm_refund_no_balance',
  refundAmount: 'invalid_batch_settlement_evm_refund_amount_invalid',
  refundFailed: 'invalid_batch_settlement_evm_refund_transaction_failed',
  noChannel: 'invalid_batch_settlement_evm_missing_channel',
} as const;

const domainFields: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];

const settlementOn = (network: string) => ({
  domain: { name: 'x402 Batch Settlement', version: '1', chainId: chainIdOf(network), verifyingContract: channelContracts.settlement },
  domainFields,
});

/** Its hash is the id of the channel. */
export const channelTypedData = (network: string, config: ChannelConfig): TypedData => ({
  ...settlementOn(network),
  primaryType: 'ChannelConfig',
  fields: [
    { name: 'payer', type: 'address' },
    { name: 'payerAuthorizer', type: 'address' },
    { name: 'receiver', type: 'address' },
    { name: 'receiverAuthorizer', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'withdrawDelay', type: 'uint40' },
    { name: 'salt', type: 'bytes32' },
  ],
  message: { ...config, withdrawDelay: String(config.withdrawDelay) },
});

/** What the payer signs for a call: all that may be claimed from the channel so far. */
export const channelVoucherTypedData = (
  network: string,
  { channelId, maxClaimableAmount }: Pick<ChannelVoucher, 'channelId' | 'maxClaimableAmount'>,
): TypedData => ({
  ...settlementOn(network),
  primaryType: 'Voucher',
  fields: voucherFields,
  message: { channelId, maxClaimableAmount },
});

const voucherFields: readonly Field[] = [
  { name: 'channelId', type: 'bytes32' },
  { name: 'maxClaimableAmount', type: 'uint128' },
];

/** What the receiver's authorizer signs to give back what was not claimed. */
export const channelRefundTypedData = (network: string, refund: { channelId: Hex; nonce: bigint; amount: bigint }): TypedData => ({
  ...settlementOn(network),
  primaryType: 'Refund',
  fields: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'nonce', type: 'uint256' },
    { name: 'amount', type: 'uint128' },
  ],
  message: { channelId: refund.channelId, nonce: String(refund.nonce), amount: String(refund.amount) },
});
