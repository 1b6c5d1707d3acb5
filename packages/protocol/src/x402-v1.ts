import { z } from 'zod';
import { fromJsonHeader, toJsonHeader } from './header.ts';
import { atomicAmount } from './money.ts';
import type { PaymentRequired, PaymentRequirements, SettleResponse } from './x402.ts';

/** x402 version 1 over HTTP, for clients that were written before version 2 (facts: x402-and-os402 §1.1). */
export const xPaymentHeader = 'x-payment';
export const xPaymentResponseHeader = 'x-payment-response';

/** Version 1 has names for networks, from a list that was closed when version 2 came. */
const names: Readonly<Record<string, string>> = {
  'eip155:8453': 'base',
  'eip155:84532': 'base-sepolia',
  'eip155:43114': 'avalanche',
  'eip155:43113': 'avalanche-fuji',
  'eip155:2741': 'abstract',
  'eip155:11124': 'abstract-testnet',
  'eip155:4689': 'iotex',
  'eip155:1329': 'sei',
  'eip155:1328': 'sei-testnet',
  'eip155:137': 'polygon',
  'eip155:80002': 'polygon-amoy',
  'eip155:3338': 'peaq',
  'eip155:1514': 'story',
  'eip155:41923': 'educhain',
  'eip155:324705682': 'skale-base-sepolia',
};

/** The name in version 1 of a network; the network as it stands where there is none. */
export const v1NetworkOf = (network: string): string => names[network] ?? network;

/** The network that version 1 calls so; undefined for one that only other chains than EVM have. */
export const networkOfV1 = (name: string): string | undefined =>
  name.startsWith('eip155:') ? name : Object.entries(names).find(([, known]) => known === name)?.[0];

/** What a seller of version 1 asks for, as it may come from anybody. */
export const paymentRequiredV1 = z.object({
  x402Version: z.literal(1),
  error: z.string().nullish(),
  accepts: z.array(
    z.object({
      scheme: z.string(),
      network: z.string(),
      maxAmountRequired: atomicAmount,
      resource: z.string(),
      description: z.string().nullish(),
      mimeType: z.string().nullish(),
      payTo: z.string(),
      maxTimeoutSeconds: z.number(),
      asset: z.string(),
      extra: z.record(z.string(), z.unknown()).nullish(),
    }),
  ),
});
export type PaymentRequiredV1 = z.output<typeof paymentRequiredV1>;

export type PaymentRequirementsV1 = {
  scheme: string;
  network: string;
  maxAmountRequired: string;
  resource: string;
  description: string;
  mimeType: string;
  payTo: string;
  maxTimeoutSeconds: number;
  asset: string;
  extra: Record<string, unknown>;
};

/**
 * The terms as version 1 has them. Its clients know one scheme, and refuse the whole list for one network that they cannot name; so
 * what has no name is left out, unless nothing has one.
 */
export function toV1Requirements({ resource, accepts }: Pick<PaymentRequired, 'resource' | 'accepts'>): PaymentRequirementsV1[] {
  const exact = accepts.filter(({ scheme, extra }) => scheme === 'exact' && extra['paymentFlow'] === undefined);
  const named = exact.filter(({ network }) => names[network] !== undefined);
  return (named.length > 0 ? named : exact).map(({ scheme, network, amount, asset, payTo, maxTimeoutSeconds, extra }) => ({
    scheme,
    network: v1NetworkOf(network),
    maxAmountRequired: amount,
    resource: resource.url,
    description: resource.description ?? '',
    mimeType: resource.mimeType ?? '',
    payTo,
    maxTimeoutSeconds,
    asset,
    extra,
  }));
}

export const paymentPayloadV1 = z.object({
  x402Version: z.literal(1),
  scheme: z.string(),
  network: z.string(),
  payload: z.record(z.string(), z.unknown()),
});
export type PaymentPayloadV1 = z.output<typeof paymentPayloadV1>;

/** Which of our terms a payment of version 1 may be for: it names scheme and network alone, and there may be several tokens on one. */
export const termsOfV1 = (
  { scheme, network }: Pick<PaymentPayloadV1, 'scheme' | 'network'>,
  accepts: readonly PaymentRequirements[],
): PaymentRequirements[] =>
  accepts.filter((ours) => ours.scheme === scheme && (v1NetworkOf(ours.network) === network || ours.network === network));

export const encodeSettleResponseV1 = ({ success, transaction, network, payer, errorReason }: SettleResponse): string =>
  toJsonHeader({
    success,
    transaction,
    network: v1NetworkOf(network),
    payer: payer ?? '',
    ...(errorReason !== undefined && { errorReason }),
  });

export const encodePaymentPayloadV1 = (value: PaymentPayloadV1): string => toJsonHeader(value);
export const decodePaymentPayloadV1 = (header: string): PaymentPayloadV1 => paymentPayloadV1.parse(fromJsonHeader(header));
