import { z } from 'zod';
import { address } from './address.ts';
import type { Field, TypedData } from './eip712.ts';
import { bytes32, type Hex } from './hex.ts';
import { atomicAmount } from './money.ts';
import { chainIdOf, network } from './network.ts';
import { fromJsonHeader, toJsonHeader } from './header.ts';

/** x402 version 2 over HTTP: names and shapes are those of the specification (facts: x402-and-os402 §1). */
export const x402Version = 2;
export const paymentRequiredHeader = 'payment-required';
export const paymentSignatureHeader = 'payment-signature';
export const paymentResponseHeader = 'payment-response';

export const paymentRequirements = z.object({
  scheme: z.string(),
  network: z.string(),
  amount: atomicAmount,
  asset: z.string(),
  payTo: z.string(),
  maxTimeoutSeconds: z.number(),
  extra: z.record(z.string(), z.unknown()).default({}),
});
export type PaymentRequirements = z.output<typeof paymentRequirements>;

export const resourceInfo = z.object({ url: z.string(), description: z.string().optional(), mimeType: z.string().optional() });

export const paymentRequired = z.object({
  x402Version: z.literal(2),
  error: z.string().optional(),
  resource: resourceInfo,
  accepts: z.array(paymentRequirements),
  extensions: z.record(z.string(), z.unknown()).optional(),
});
export type PaymentRequired = z.output<typeof paymentRequired>;

/** A count of seconds since the epoch or of atomic units, as the decimal strings of the wire. */
const uint256 = atomicAmount.refine((text) => !/^\d+$/.test(text) || BigInt(text) < 1n << 256n, 'must fit in 256 bits');

/** EIP-3009 TransferWithAuthorization. Times are in SECONDS since the epoch. */
export const authorization = z.object({
  from: address,
  to: address,
  value: uint256,
  validAfter: uint256,
  validBefore: uint256,
  nonce: bytes32,
});
export type Authorization = z.output<typeof authorization>;

/** A payment of the scheme `exact` by EIP-3009. */
export const exactPayload = z.object({
  signature: z.string().regex(/^0x([0-9a-fA-F]{2}){1,2048}$/, 'must be hexadecimal bytes'),
  authorization,
});

export const paymentPayload = z.object({
  x402Version: z.literal(2),
  resource: resourceInfo.optional(),
  accepted: paymentRequirements,
  payload: z.record(z.string(), z.unknown()),
  extensions: z.record(z.string(), z.unknown()).optional(),
});
export type PaymentPayload = z.output<typeof paymentPayload>;

export const settleResponse = z.object({
  success: z.boolean(),
  errorReason: z.string().optional(),
  errorMessage: z.string().optional(),
  payer: z.string().optional(),
  /** Transaction hash; empty when nothing was broadcast. */
  transaction: z.string(),
  network: z.string(),
  amount: z.string().optional(),
  /** What a scheme tells besides, such as the state of a channel. */
  extra: z.record(z.string(), z.unknown()).optional(),
});
export type SettleResponse = z.output<typeof settleResponse>;

export const encodePaymentRequired = (value: PaymentRequired): string => toJsonHeader(value);
export const decodePaymentRequired = (header: string): PaymentRequired => paymentRequired.parse(fromJsonHeader(header));
export const encodePaymentPayload = (value: PaymentPayload): string => toJsonHeader(value);
export const decodePaymentPayload = (header: string): PaymentPayload => paymentPayload.parse(fromJsonHeader(header));
export const encodeSettleResponse = (value: SettleResponse): string => toJsonHeader(value);
export const decodeSettleResponse = (header: string): SettleResponse => settleResponse.parse(fromJsonHeader(header));

type SignedAuthorization = { message: Authorization; asset: Hex; caip2: string; domain: { name: string; version: string } };

/** What a payer signs: a transfer of the token that anyone may carry to the chain, once, within its time window. */
export const authorizationTypedData = (signed: SignedAuthorization): TypedData => transferOf('TransferWithAuthorization', signed);

/** The same, which only its recipient may carry: how contracts take in deposits. */
export const receiveAuthorizationTypedData = (signed: SignedAuthorization): TypedData => transferOf('ReceiveWithAuthorization', signed);

const transferOf = (primaryType: string, { message, asset, caip2, domain }: SignedAuthorization): TypedData => ({
  domain: { name: domain.name, version: domain.version, chainId: chainIdOf(network.parse(caip2)), verifyingContract: asset },
  domainFields: tokenDomainFields,
  primaryType,
  fields: transferFields,
  message,
});

const tokenDomainFields: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];

const transferFields: readonly Field[] = [
  { name: 'from', type: 'address' },
  { name: 'to', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'validAfter', type: 'uint256' },
  { name: 'validBefore', type: 'uint256' },
  { name: 'nonce', type: 'bytes32' },
];
