import type { Hex, PaymentRequired, PaymentRequirements, SettleResponse, Token } from '@freehold/protocol';
import { plainText } from './plain-text.ts';

/** One way of a wallet to pay: the client's side of a scheme. */
export type ClientRail = {
  scheme: string;
  /** How these terms would be met now; undefined when they cannot be. Signs nothing and changes nothing. */
  plan(terms: { required: PaymentRequired; requirement: PaymentRequirements; token: Token }): Promise<Plan | undefined>;
};

export type Plan = {
  scheme: string;
  requirement: PaymentRequirements;
  token: Token;
  /** The most that the call may cost, in atomic units. */
  amount: bigint;
  /** What leaves the wallet besides for calls to come, and can be had back. */
  deposit: bigint;
  /** Among equal prices the lower is taken: 0 uses what is open already, 1 binds nothing, 2 binds a deposit. */
  rank: 0 | 1 | 2;
  /** Undefined when what it relied on has changed since it was planned. `mostDeposit` bounds the deposit, in atomic units. */
  sign(limits: { mostDeposit: bigint }): Promise<Signed | undefined>;
};

/** What the seller answered to a payment. */
export type Answer = {
  status: number;
  settlement: SettleResponse | undefined;
  /** The terms of another 402. */
  demand: PaymentRequired | undefined;
};

/**
 * - `paid`: charged; `free`: nothing was, and never can be for what was signed; `refused`: not accepted, and what was signed might still be cashed.
 * - `again`: not accepted because our state was old; it is corrected now, and the call may be tried once more. Nothing was charged.
 */
export type Conclusion = { kind: 'paid' | 'free' | 'refused' | 'again'; charged: bigint; transaction?: string; reason?: string };

export type Signed = {
  payload: Record<string, unknown>;
  extensions: Record<string, unknown>;
  /** The nonce of the authorization, or the id of the channel or grant. */
  reference: Hex;
  expiresAt: number | undefined;
  /** What a later payment with the same reference makes worthless, once that is accepted; nothing for single payments. */
  supersedes: readonly ('sent' | 'refused')[];
  deposit: bigint;
  /** Called when the budget has admitted it, before it leaves: what it relies on is durable when this is done. */
  commit(): Promise<void>;
  conclude(answer: Answer): Promise<Conclusion>;
  /** Always called at the end, whatever it was: releases what `sign` took hold of. */
  release(): void;
};

/** What an answer says in the words that every scheme shares. */
export function conclusionOf({ status, settlement, demand }: Answer, amount: bigint): Conclusion | undefined {
  if (settlement?.success) {
    const told = chargedBy(settlement);
    // A seller cannot have taken more than was signed for, whatever it says.
    const charged = told === undefined || told > amount ? amount : told;
    return { kind: charged === 0n ? 'free' : 'paid', charged, ...(settlement.transaction && { transaction: settlement.transaction }) };
  }
  if (settlement || status === 402) {
    const reason = settlement?.errorMessage ?? settlement?.errorReason ?? demand?.error ?? 'no reason was given';
    return { kind: 'refused', charged: amount, reason: plainText(reason) };
  }
  return undefined;
}

function chargedBy({ amount, extra }: SettleResponse): bigint | undefined {
  const told = extra?.['chargedAmount'] ?? amount;
  return typeof told === 'string' && /^\d+$/.test(told) ? BigInt(told) : undefined;
}
