import { z } from 'zod';
import { atomicAmount } from './money.ts';
import { paymentPayload, paymentRequirements, settleResponse } from './x402.ts';
import { paymentPayloadV1 } from './x402-v1.ts';

/** What a resource server asks of a facilitator, in both versions of x402 (facts: x402-and-os402 §1.3). */
export const facilitatorRequest = z.union([
  z.object({ x402Version: z.literal(2), paymentPayload, paymentRequirements }),
  z.object({
    x402Version: z.literal(1),
    paymentPayload: paymentPayloadV1,
    paymentRequirements: z.object({
      scheme: z.string(),
      network: z.string(),
      maxAmountRequired: atomicAmount,
      asset: z.string(),
      payTo: z.string(),
      maxTimeoutSeconds: z.number(),
      extra: z.record(z.string(), z.unknown()).nullish(),
    }),
  }),
]);
export type FacilitatorRequest = z.output<typeof facilitatorRequest>;

const maybe = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);

export const verifyResponse = z.object({ isValid: z.boolean(), invalidReason: maybe, invalidMessage: maybe, payer: maybe });
export type VerifyResponse = {
  isValid: boolean;
  invalidReason?: string | undefined;
  invalidMessage?: string | undefined;
  payer?: string | undefined;
};

/** As facilitators answer it: what is absent may be null. */
export const facilitatorSettleResponse = settleResponse.extend({ errorReason: maybe, errorMessage: maybe, payer: maybe, amount: maybe });

export const supportedResponse = z.object({
  kinds: z.array(z.object({ x402Version: z.number(), scheme: z.string(), network: z.string() })),
  extensions: z.array(z.string()).default([]),
  signers: z.record(z.string(), z.array(z.string())).default({}),
});
export type SupportedResponse = z.output<typeof supportedResponse>;

/** What a bazaar lists (facts §1.3). */
export const discoveryResources = z.object({
  x402Version: z.literal(2),
  items: z.array(
    z.object({
      resource: z.string(),
      type: z.literal('http'),
      x402Version: z.literal(2),
      accepts: z.array(paymentRequirements),
      /** ISO 8601. */
      lastUpdated: z.string(),
      description: z.string().optional(),
      serviceName: z.string().optional(),
      tags: z.array(z.string()).optional(),
      extensions: z.record(z.string(), z.unknown()),
      metadata: z.record(z.string(), z.unknown()),
    }),
  ),
  pagination: z.object({ limit: z.number(), offset: z.number(), total: z.number() }),
});
