import { z } from 'zod';
import { address } from './address.ts';
import { atomicAmount } from './money.ts';
import { token } from './network.ts';

/** A sum in one token: atomic units, and of how many payments. */
const sum = z.object({ network: z.string(), asset: address, amount: atomicAmount, payments: z.number() });
export type EarningsSum = z.output<typeof sum>;

export const payment = z.object({
  id: z.number(),
  scheme: z.string(),
  network: z.string(),
  asset: address,
  payer: address,
  payTo: address,
  amount: atomicAmount,
  offer: z.string(),
  state: z.enum(['reserved', 'executing', 'executed', 'settling', 'settled', 'released', 'unpaid']),
  reason: z.string().nullable(),
  transaction: z.string().nullable(),
  /** Milliseconds since the epoch. */
  reservedAt: z.number(),
  settledAt: z.number().nullable(),
});
export type Payment = z.output<typeof payment>;

/** What a seller earned, and what became of the rest. */
export const earningsReport = z.object({
  tokens: z.array(token),
  /** Since the beginning. */
  settled: z.array(sum),
  offers: z.array(sum.extend({ offer: z.string(), name: z.string() })),
  /** Of the days asked for, in UTC; `day` is like 2026-11-25. */
  days: z.array(sum.extend({ day: z.string() })),
  payers: z.array(sum.extend({ payer: address })),
  /** The work is done, the money is on its way. */
  pending: z.array(sum),
  /** All work that is done or under way and not paid on the chain yet, calls on channels and grants included. */
  exposure: z.array(sum),
  /** The work was done for nothing, of the days asked for. */
  failed: z.array(sum),
  /** Held and not charged, of the days asked for: the function failed, or did not run. */
  released: z.array(sum),
  /** The last ones that failed, newest first. */
  failures: z.array(payment),
});
export type EarningsReport = z.output<typeof earningsReport>;

export const paymentList = z.object({ payments: z.array(payment), next: z.number().nullable() });
export type PaymentList = z.output<typeof paymentList>;
