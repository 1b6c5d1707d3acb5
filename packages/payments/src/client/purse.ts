import {
  decodeSettleResponse,
  encodePaymentPayload,
  encodePaymentPayloadV1,
  xPaymentHeader,
  paymentRequiredHeader,
  paymentResponseHeader,
  xPaymentResponseHeader,
  paymentSignatureHeader,
  toAddress,
  type Address,
  type PaymentRequirements,
  type SettleResponse,
  type Token,
} from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import { remaining, type Budget, type Preference, type Spent } from './budget.ts';
import { overBudget, payableTerms } from './choose-payment.ts';
import { canBeCashed, type SpendEntry, type SpendLedger } from './ledger.ts';
import type { ClientRail, Conclusion, Plan, Signed } from './rail.ts';
import { readTerms, type Terms } from './terms.ts';
import { knownTokens } from './tokens.ts';

export type PurseOptions = {
  payer: Address;
  /** The ways to pay, in the order in which they are taken when all else is equal. */
  rails: readonly ClientRail[];
  ledger: SpendLedger;
  /** What shares `max`: payments of one session, whichever process makes them. */
  session: string;
  /** The most that the session may spend, and any one call. A token that no `max` speaks of is never paid. */
  max: readonly Budget[];
  perCallMax?: readonly Budget[];
  preferences?: readonly Preference[];
  tokens?: readonly Token[];
  /** What happened to payments whose end is unknown, asked of the chain: true when used, undefined when it cannot be known. */
  wasUsed?: (entry: SpendEntry) => Promise<boolean | undefined>;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** What would be paid. */
export type Quote = {
  requirement: PaymentRequirements;
  token: Token;
  scheme: string;
  amount: bigint;
  deposit: bigint;
  /** What the budgets leave before this payment, in atomic units of the token. */
  left: bigint;
};

export type OutgoingPayment = Quote & {
  payer: Address;
  /** Name and value of the request header that pays. */
  headerName: string;
  header: string;
  /** The nonce of an authorization, or the id of a channel or grant. */
  reference: string;
  /** Tells how it ended; without it the payment counts as spent. Undefined when no answer came. */
  conclude(
    answer: { status: number; header(name: string): string | undefined; body?: string } | undefined,
  ): Promise<Conclusion | undefined>;
};

export type Purse = {
  /** The best way to pay that the budgets allow. Nothing is signed. Errors: `payment_no_option`, `payment_over_budget`. */
  quote(terms: Terms): Promise<Quote>;
  /** Takes the price out of the budgets, durably, and signs. Errors: `payment_no_option`, `payment_over_budget`. */
  pay(request: { terms: Terms; url: string; method: string }): Promise<OutgoingPayment>;
};

/** A wallet with limits: nothing leaves it that its budgets do not allow and its ledger does not know. */
export function openPurse({
  payer,
  rails,
  ledger,
  session,
  max,
  perCallMax = [],
  preferences = [],
  tokens = knownTokens,
  wasUsed,
  now,
}: PurseOptions): Purse {
  /** What this call may cost by all budgets. */
  const leftFor = (token: Token, spent: readonly Spent[]): bigint | undefined => {
    const ofSession = remaining(max, token, spent);
    const ofCall = remaining(perCallMax, token);
    if (ofSession === undefined) return undefined;
    return ofCall !== undefined && ofCall < ofSession ? ofCall : ofSession;
  };

  async function plansFor({ required, version }: Terms): Promise<Plan[]> {
    const schemes = version === 1 ? ['exact'] : rails.map(({ scheme }) => scheme);
    const possible = payableTerms({ required, preferences, tokens, schemes });
    const plans: Plan[] = [];
    for (const { requirement, token } of possible) {
      const plan = await rails.find(({ scheme }) => scheme === requirement.scheme)?.plan({ required, requirement, token });
      if (plan) plans.push(plan);
    }
    if (plans.length === 0) {
      throw new PaymentError('payment_no_option', `No way to pay that is possible here. The seller takes: ${sayTerms(possible)}.`, {
        errorReason: 'unsupported_scheme',
      });
    }
    return plans.toSorted(compare);
  }

  function admit(plan: Plan, spent: readonly Spent[]): bigint {
    const left = leftFor(plan.token, spent);
    if (left === undefined || plan.amount > left) throw tooDear([plan], spent);
    return left;
  }

  const tooDear = (plans: readonly Plan[], spent: readonly Spent[]): PaymentError => {
    const [first] = plans;
    const isSpent = first && spent.some(({ amount }) => amount > 0n) && (leftFor(first.token, []) ?? -1n) >= first.amount;
    return overBudget(plans, [...max, ...perCallMax], isSpent ? ', most of which is spent' : '');
  };

  /** Entries whose end nobody told are looked up on the chain once nobody can cash them any more. */
  async function settleDoubts(): Promise<boolean> {
    let isFreed = false;
    for (const state of ['sent', 'refused'] as const) {
      for (const entry of await ledger.list({ session, state, limit: 100 })) {
        if (canBeCashed(entry, now())) continue;
        // A chain that cannot be asked knows nothing; the payment goes on counting.
        const used = await wasUsed?.(entry).catch(() => undefined);
        if (used === undefined) continue;
        await ledger.conclude(entry.id, { state: used ? 'paid' : 'free', charged: used ? entry.amount : 0n });
        isFreed ||= !used;
      }
    }
    return isFreed;
  }

  const quoteOf = ({ requirement, token, scheme, amount, deposit }: Plan, left: bigint): Quote => ({
    requirement,
    token,
    scheme,
    amount,
    deposit,
    left,
  });

  /** The first plan that the budgets allow. */
  async function affordable(plans: readonly Plan[]): Promise<{ plan: Plan; left: bigint }> {
    for (let attempt = 0; ; attempt++) {
      const spent = await ledger.spent(session);
      for (const plan of plans) {
        const left = leftFor(plan.token, spent);
        if (left !== undefined && plan.amount <= left) return { plan, left };
      }
      if (attempt > 0 || !(await settleDoubts())) throw tooDear(plans, spent);
    }
  }

  async function send(plan: Plan, signed: Signed, { terms, url, method }: Parameters<Purse['pay']>[0]): Promise<OutgoingPayment> {
    let left = 0n;
    const id = await ledger.reserve(
      {
        at: now(),
        session,
        url: withoutSecrets(url),
        method,
        scheme: plan.scheme,
        token: plan.token,
        payer,
        payTo: toAddress(plan.requirement.payTo),
        amount: plan.amount,
        reference: signed.reference,
        expiresAt: signed.expiresAt,
      },
      (spent) => void (left = admit(plan, spent)),
    );
    try {
      await signed.commit();
    } catch (error) {
      await ledger.conclude(id, { state: 'free', charged: 0n, reason: 'it was never sent' });
      throw error;
    }
    const end = async ({ kind, charged, transaction, reason }: Conclusion): Promise<void> => {
      await ledger.conclude(id, {
        state: kind === 'again' ? 'free' : kind,
        charged,
        ...(transaction !== undefined && { transaction }),
        ...(reason !== undefined && { reason }),
      });
      const isAccepted = kind === 'paid' || kind === 'free';
      if (isAccepted && signed.supersedes.length > 0) await ledger.supersede(signed.reference, { before: id, states: signed.supersedes });
    };
    const { requirement } = plan;
    const networkV1 = terms.networkNamesV1.get(requirement.network) ?? requirement.network;
    return {
      ...quoteOf({ ...plan, deposit: signed.deposit }, left),
      payer,
      reference: signed.reference,
      headerName: terms.version === 1 ? xPaymentHeader : paymentSignatureHeader,
      header:
        terms.version === 1
          ? encodePaymentPayloadV1({ x402Version: 1, scheme: requirement.scheme, network: networkV1, payload: signed.payload })
          : encodePaymentPayload({
              x402Version: 2,
              resource: terms.required.resource,
              accepted: requirement,
              payload: signed.payload,
              extensions: { ...terms.required.extensions, ...signed.extensions },
            }),
      async conclude(answer) {
        try {
          if (!answer) return undefined;
          const conclusion = await signed.conclude({
            status: answer.status,
            settlement: settlementIn(answer),
            demand: answer.status === 402 ? demandIn(answer, url) : undefined,
          });
          await end(conclusion);
          return conclusion;
        } finally {
          signed.release();
        }
      },
    };
  }

  return {
    async quote(terms) {
      const { plan, left } = await affordable(await plansFor(terms));
      return quoteOf(plan, left);
    },
    async pay(request) {
      const plans = await plansFor(request.terms);
      for (;;) {
        const { plan, left } = await affordable(plans);
        const signed = await plan.sign({ mostDeposit: left });
        if (signed) {
          try {
            return await send(plan, signed, request);
          } catch (error) {
            signed.release();
            throw error;
          }
        }
        // Another process used up what the plan relied on: the next best way is taken.
        plans.splice(plans.indexOf(plan), 1);
        if (plans.length === 0) throw new PaymentError('payment_no_option', 'What was to be paid with is no longer there. Try again.');
      }
    },
  };
}

/** The lower price in the same token first, then what binds least; else the order of the seller. */
function compare(a: Plan, b: Plan): number {
  const isComparable = a.token.symbol === b.token.symbol && a.token.decimals === b.token.decimals;
  if (isComparable && a.amount !== b.amount) return a.amount < b.amount ? -1 : 1;
  return a.rank - b.rank;
}

const sayTerms = (terms: readonly { requirement: PaymentRequirements; token: Token }[]): string =>
  terms.map(({ requirement, token }) => `${requirement.scheme} ${token.symbol} on ${token.network}`).join('; ');

/** The ledger outlives the call, and queries and names in URLs hold secrets. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.origin}${parsed.pathname}` : url.replace(/[?#].*$/, '');
}

type HeaderSource = { header(name: string): string | undefined; body?: string };

export function settlementIn({ header }: HeaderSource): SettleResponse | undefined {
  const text = header(paymentResponseHeader) ?? header(xPaymentResponseHeader);
  try {
    return text === undefined ? undefined : decodeSettleResponse(text);
  } catch {
    return undefined;
  }
}

function demandIn({ header, body = '' }: HeaderSource, url: string) {
  try {
    return readTerms({ header: header(paymentRequiredHeader), body, url })?.required;
  } catch {
    return undefined;
  }
}
