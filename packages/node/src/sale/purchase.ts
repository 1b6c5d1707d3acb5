import { createHash, randomBytes } from 'node:crypto';
import type { CallableOffer, Plan } from '@freehold/compute';
import { PaymentError, type Admission, type PaidCall, type Payer, type Payments } from '@freehold/payments';
import { signInWithXExtension, type Offer, type PaymentRequired, type SettleResponse } from '@freehold/protocol';

/** How long a payment is followed after its caller was answered, in milliseconds. */
export const followMs = 600_000;
/** Who pays comes before who does not. */
const paidWeight = 4;

/** A payment that is presented for a plan. */
export type Purchase = { plan: Plan; offer: Offer; header: string; url: string; from: string; by: Payer; nonce: Uint8Array };
/** What has to be paid, and why what was presented does not do. */
export type Unpaid = { kind: 'payment-required'; required: PaymentRequired };

/** Money that was put aside for calls has been given back. */
export type Refunded = { kind: 'refunded'; settlement: SettleResponse };

export type Purchases = ReturnType<typeof openPurchases>;

/** Payments as they are presented: whose they are, what they would buy, and what is answered to one that does not do. */
export function openPurchases(payments: Payments, now: () => number) {
  const terms = ({ id }: CallableOffer, offer: Offer, url: string, error?: string | PaymentError): PaymentRequired =>
    withSignIn(payments.paymentRequired({ offer, offerId: id, url, error }), { offer, url, issuedAt: now() });

  const ask = (call: CallableOffer, offer: Offer, url: string, error?: PaymentError): Unpaid => ({
    kind: 'payment-required',
    required: terms(call, offer, url, error),
  });

  /** A payment that does not do is answered with the terms again and the reason, as x402 has it. Any other refusal is thrown. */
  const refusalIn = (error: unknown): PaymentError => {
    if (error instanceof PaymentError && error.status === 402) return error;
    throw error;
  };

  /** Whose payment a header is; a refusal comes as the terms. */
  function present(plan: Plan, offer: Offer, header: string, url: string, from: string): Purchase | PaymentError {
    const by = payerOf(plan.call, offer, header, url);
    return by instanceof PaymentError ? by : { plan, offer, header, url, from, by, nonce: nonceOf(by) };
  }

  function payerOf({ id }: CallableOffer, offer: Offer, header: string, url: string): Payer | PaymentError {
    try {
      return payments.payerOf({ header, offer, offerId: id, url });
    } catch (error) {
      return refusalIn(error);
    }
  }

  /** Answers a payment that asks for money back which was put aside; undefined for one that buys something, or that will not do for that either. */
  async function refund(call: CallableOffer, offer: Offer, header: string, url: string): Promise<Unpaid | Refunded | undefined> {
    let asked: Promise<SettleResponse> | undefined;
    try {
      asked = payments.refund({ header, offer, offerId: call.id, url });
    } catch (error) {
      if (error instanceof PaymentError) return undefined;
      throw error;
    }
    if (!asked) return undefined;
    try {
      return { kind: 'refunded', settlement: await asked };
    } catch (error) {
      return ask(call, offer, url, refusalIn(error));
    }
  }

  const paidCall = ({ plan, offer, header, url, by, nonce }: Purchase): PaidCall => ({
    header,
    offer,
    signed: plan.call.offer,
    offerId: plan.call.id,
    url,
    taskId: plan.task({ nonce, payer: by.payer }).id,
    requestHash: plan.requestId(),
  });

  /** Holds the money. */
  const admit = (purchase: Purchase): Promise<Admission | PaymentError> => payments.admit(paidCall(purchase)).catch(refusalIn);

  return {
    terms,
    ask,
    payerOf,
    present,
    refund,
    admit,
    /** The same for a payment that was admitted before. */
    admitted: (purchase: Purchase): Promise<Admission> => payments.admit(paidCall(purchase)),
    refused: ({ plan, offer, url }: Purchase, error: PaymentError): Unpaid => ask(plan.call, offer, url, error),
  };
}

/** Says that a wallet may prove itself instead, where it may have bought the same before. */
function withSignIn(required: PaymentRequired, { offer, url, issuedAt }: { offer: Offer; url: string; issuedAt: number }): PaymentRequired {
  if (offer.deterministic !== true) return required;
  const { host, origin } = new URL(url);
  const nonce = randomBytes(16).toString('hex');
  const info = { domain: host, uri: origin, version: '1', nonce, issuedAt: new Date(issuedAt).toISOString() };
  const supportedChains = [...new Set(offer.prices.map(({ network }) => network))].map((chainId) => ({ chainId, type: 'eip191' }));
  return { ...required, extensions: { ...required.extensions, [signInWithXExtension]: { info, supportedChains } } };
}

/** Equal purchases are one sale. */
export const keyOf = ({ plan, by }: Purchase): string => `${by.payer} ${by.nonce} ${plan.call.id} ${plan.requestId()}`;

/** As whom a purchase waits for its turn. */
export const entrant = ({ by, from }: Purchase, signal: AbortSignal | undefined) => ({
  payer: by.isProven ? by.payer : from,
  weight: paidWeight,
  until: by.startBefore,
  ...(signal && { signal }),
});

/** What makes the task of a payment unique. */
const nonceOf = ({ payer, nonce }: Payer): Uint8Array => createHash('sha256').update(`${payer} ${nonce}`).digest();
