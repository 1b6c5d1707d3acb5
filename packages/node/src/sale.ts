import {
  ComputeError,
  isOwnFault,
  noTurn,
  type AnswerSink,
  type CallableOffer,
  type Compute,
  type FunctionRequest,
  type Input,
  type Outcome,
  type Plan,
  type Turn,
} from '@freehold/compute';
import { isFree, PaymentError, priceCall, type Outcome as Ending, type Payments, type Reservation } from '@freehold/payments';
import { signInWithXHeader, type Address, type Hex, type SettleResponse } from '@freehold/protocol';
import { RequestError } from './error.ts';
import { openBackground } from './sale/background.ts';
import { openBatchSales } from './sale/batch.ts';
import { openDelivery, type Answer, type Sold } from './sale/delivery.ts';
import { openNonces } from './sale/nonces.ts';
import { entrant, followMs, keyOf, openPurchases, type Purchase } from './sale/purchase.ts';
import { openShared } from './sale/shared.ts';
import { signedInWallet } from './sale/signed-in.ts';
import type { Signer } from './sale/sign.ts';

export type { Answer } from './sale/delivery.ts';

export type Sales = ReturnType<typeof openSales>;

const pendingMessage =
  'The function has run and its payment is on its way to the chain. Send the same request with the same payment again to get the result; it is charged once.';
/** `Prefer: receipt` (RFC 7240). */
const prefersReceipt = /(^|[\s,])receipt($|[\s,;])/i;

/**
 * The natural way of a paid call: identify → cache → turn → admit → run → settle → receipt. Nothing runs unreserved, nothing is
 * charged unexecuted, and one authorization runs one task: equal requests with the same authorization share one sale. The turn
 * comes before the money is held, so that a busy node refuses without having touched it.
 */
export function openSales({
  compute,
  payments,
  signer,
  recover,
  now,
  onSold,
}: {
  compute: Compute;
  payments: Payments;
  signer: Signer;
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  now: () => number;
  onSold: (sold: Sold) => void;
}) {
  const sales = openShared<Answer>();
  const background = openBackground();
  const { goOn } = background;
  const nextNonce = openNonces();
  const purchases = openPurchases(payments, now);
  const { terms, ask, payerOf, present, refund, admit, admitted, refused } = purchases;
  const delivery = openDelivery({ compute, payments, signer, now, onSold });
  const { giveFree, givePaid, receiptOfLate } = delivery;
  const batches = openBatchSales({ compute, payments, purchases, delivery, background, now });
  /** Runs of deterministic functions that are being paid for: equal calls wait for the result, which is free then. */
  const pioneers = new Map<string, Promise<unknown>>();
  const startedAt = now();
  payments.onSettled((reservation) => {
    if (reservation.reservedAt < startedAt) goOn(receiptOfLate(reservation));
  });

  async function runFree(
    plan: Plan,
    {
      from,
      signal,
      sink,
      share,
      isAsked,
    }: {
      from: string;
      signal: AbortSignal | undefined;
      sink: AnswerSink | undefined;
      /** False when others still have to pay for the same. */
      share: boolean;
      /** Whether the caller wants a receipt. */
      isAsked: boolean;
    },
  ): Promise<Answer> {
    const turn = await compute.enter(plan, { payer: from, signal });
    try {
      const known = plan.call.offer.deterministic === true ? await compute.tasks.cached(plan) : undefined;
      // Nobody can ask for it again, so it may come as it is written.
      const alone = plan.call.offer.deterministic === true ? {} : { keep: false, ...(sink && { sink }) };
      return await giveFree(
        plan,
        known ?? (await compute.tasks.run(plan, { nonce: nextNonce(), turn, share, ...(signal && { signal }), ...alone })),
        isAsked,
      );
    } finally {
      turn.end();
    }
  }

  /** Runs and settles one reservation. The result is stored before the money moves; without a result worth it, it never moves. */
  async function fulfil(purchase: Purchase, reservation: Reservation, turn: Turn): Promise<Answer> {
    const { plan } = purchase;
    const outcome = await runReserved(purchase, reservation, turn);
    if (!outcome.isWorthMoney) {
      await payments.release(reservation, outcome.failure ? outcome.failure.code : 'refused_by_function');
      turn.end({ unpaid: !outcome.failure || isOwnFault(outcome.failure?.details?.['reason']) });
      return { kind: 'answered', outcome: reservation.isUpfront ? paidBack(outcome) : outcome, receipt: undefined, settlement: undefined };
    }
    await payments.executed(reservation, outcome.task, outcome.usage);
    return conclude(purchase, await payments.settle(reservation), turn, (settled, response) => givePaid(plan, outcome, settled, response));
  }

  /** What the end of a payment means for its caller. */
  async function conclude(
    { plan, offer, url }: Purchase,
    ending: Ending,
    turn: Turn,
    deliver: (reservation: Reservation, response: SettleResponse) => Promise<Answer>,
  ): Promise<Answer> {
    switch (ending.kind) {
      case 'settled':
        return deliver(ending.reservation, ending.response);
      case 'unpaid':
        turn.end({ unpaid: true });
        return {
          kind: 'payment-required',
          required: terms(plan.call, offer, url, ending.response.errorReason),
          settlement: ending.response,
        };
      case 'released':
        throw new ComputeError(
          'function_failed',
          502,
          ending.reservation.isUpfront
            ? 'The function failed. What was paid for it beforehand is paid back to the wallet that paid.'
            : 'The function failed, and nothing was charged. The same payment may be sent again.',
          { details: { reason: ending.reason } },
        );
      default:
        throw new RequestError('payment_pending', 202, pendingMessage);
    }
  }

  async function runReserved({ plan, by, nonce }: Purchase, reservation: Reservation, turn: Turn): Promise<Outcome> {
    // The reservation is durable; that it has begun may be written while it runs.
    const steps = [compute.tasks.run(plan, { nonce, payer: by.payer, turn, share: false }), payments.begin(reservation)] as const;
    try {
      const [outcome] = await Promise.all(steps);
      return outcome;
    } catch (error) {
      await Promise.allSettled(steps);
      await payments.release(reservation, 'failed');
      throw error;
    }
  }

  /** The result of an equal call that is being paid for now, when it becomes free. */
  async function followPioneer({ plan, by }: Purchase): Promise<Outcome | undefined> {
    for (let pioneer; (pioneer = pioneers.get(plan.requestId()));) {
      await pioneer.catch(() => {});
      const known = await compute.tasks.cached(plan, by.isProven ? by.payer : undefined);
      if (known) return known;
    }
    return undefined;
  }

  /** Waits for its turn, admits the payment, and answers with what it bought. */
  async function sell(purchase: Purchase, signal: AbortSignal): Promise<Answer> {
    const { plan, by, nonce } = purchase;
    const isShared = plan.call.offer.deterministic === true && !plan.isPrivate;
    for (;;) {
      const free = isShared ? await followPioneer(purchase) : undefined;
      if (free) return giveFree(plan, free);
      const done = await compute.tasks.finished(plan, { nonce, payer: by.payer });
      const turn = done ? noTurn : await compute.enter(plan, entrant(purchase, signal));
      if (isShared && pioneers.has(plan.requestId())) {
        turn.end();
        continue;
      }
      const sale = sellNow(purchase, turn);
      if (isShared) pioneers.set(plan.requestId(), sale);
      try {
        const answer = await sale;
        turn.end();
        return answer;
      } catch (error) {
        if (error instanceof RequestError && error.code === 'payment_pending') goOn(followEnd(purchase, turn));
        else turn.end();
        throw error;
      } finally {
        if (pioneers.get(plan.requestId()) === sale) pioneers.delete(plan.requestId());
      }
    }
  }

  /** Its payer has one more under way until his payment has come to an end. */
  async function followEnd(purchase: Purchase, turn: Turn): Promise<void> {
    turn.done(0);
    try {
      const admission = await admitted(purchase);
      const ending = await payments.outcome(admission.reservation, { withinMs: followMs });
      turn.end({ unpaid: ending.kind === 'unpaid' });
    } finally {
      turn.end();
    }
  }

  async function sellNow(purchase: Purchase, turn: Turn): Promise<Answer> {
    const { plan, by } = purchase;
    const known = await compute.tasks.cached(plan, by.isProven ? by.payer : undefined);
    if (known) return giveFree(plan, known);
    const admission = await admit(purchase);
    if (admission instanceof PaymentError) return refused(purchase, admission);
    if (admission.kind === 'reserved') return fulfil(purchase, admission.reservation, turn);
    turn.done(0);
    if (admission.kind === 'settled') return redeliver(purchase, admission.reservation, admission.response);
    return conclude(purchase, await payments.outcome(admission.reservation), turn, (settled, response) =>
      redeliver(purchase, settled, response),
    );
  }

  /** What a wallet that proves itself has paid for and kept to itself: it need not pay for that again. */
  async function boughtBefore(plan: Plan, proof: string | undefined, url: string): Promise<Outcome | undefined> {
    if (proof === undefined || !plan.isPrivate) return undefined;
    return compute.tasks.cached(plan, signedInWallet(proof, { url, now: now(), recover }));
  }

  /** A payment that is settled: its result, again if it was given before. */
  async function redeliver({ plan, nonce, by }: Purchase, reservation: Reservation, settlement: SettleResponse): Promise<Answer> {
    const outcome = await compute.tasks.finished(plan, { nonce, payer: by.payer });
    if (!outcome)
      throw new RequestError(
        'not_found',
        410,
        'This payment was settled and its result is not kept any more. The receipt is at /api/tasks.',
      );
    return givePaid(plan, outcome, reservation, settlement);
  }

  return {
    async call({
      call,
      request,
      url,
      header,
      from,
      isOwn = false,
      signal,
      sink,
      withInput,
    }: {
      call: CallableOffer;
      request: FunctionRequest;
      /** The URL that was asked, for the payment terms. */
      url: string;
      /** Value of PAYMENT-SIGNATURE. */
      header: string | undefined;
      /** Where the call comes from: whose turn it takes when nobody pays. */
      from: string;
      /** The seller of the function calls it, or the owner of the node: neither pays. */
      isOwn?: boolean;
      /** Of what fires when the caller goes away: a call that still waits is dropped then. One that is paid is finished all the same. */
      signal: () => AbortSignal;
      /** Takes an answer as it comes, where the result need not be kept: nobody pays for it, and no other call is answered with it. */
      sink?: AnswerSink;
      /** Reads the request's body and holds it while it is used. */
      withInput: (use: (input: Input) => Promise<Answer>) => Promise<Answer>;
    }): Promise<Answer> {
      const offer = priceCall(call.offer);
      const refunded = header === undefined ? undefined : await refund(call, offer, header, url);
      if (refunded) return refunded;
      // The terms come before the body, so that a large upload is not sent in vain; only a cache can need the body first.
      const mayBeFree = isOwn || isFree(offer) || compute.pools.hasRoom(offer);
      if (!mayBeFree && offer.deterministic !== true) {
        if (header === undefined) return ask(call, offer, url);
        // Nor is it sent for a payment that will not do.
        const by = payerOf(call, offer, header, url);
        if (by instanceof PaymentError) return ask(call, offer, url, by);
      }
      return withInput(async (input) => {
        const plan = await compute.identify({ call, request, input });
        const known = await compute.tasks.cached(plan);
        if (known) return giveFree(plan, known);
        const isAsked = prefersReceipt.test(request.headers['prefer'] ?? '');
        if (isOwn || isFree(offer)) return runFree(plan, { from, signal: signal(), sink, share: isFree(offer), isAsked });
        // Who brings a payment is sold what he pays for: sent again, it has the same result.
        const giveBack = header === undefined ? compute.pools.take(call.offer) : undefined;
        if (giveBack) return runFree(plan, { from, signal: signal(), sink, share: true, isAsked }).finally(giveBack);
        const bought = await boughtBefore(plan, request.headers[signInWithXHeader], url);
        if (bought) return giveFree(plan, bought);
        if (header === undefined) return ask(call, offer, url);
        const purchase = present(plan, offer, header, url, from);
        if (purchase instanceof PaymentError) return ask(call, offer, url, purchase);
        return sales.join(keyOf(purchase), signal(), (alone) => sell(purchase, alone));
      });
    },

    begin: batches.begin,
    batchTerms: batches.batchTerms,

    /**
     * Before the first call: signs the receipts that are missing of what was settled. A node that is killed between a settlement and
     * its receipt, or whose chain answers a settlement of before while it starts, has nothing under way that would come back to it; the
     * payer who stays away would have paid without a proof, and the tasks would say less than the ledger.
     */
    recover: delivery.recover,

    /** Settles when the sales under way have ended. */
    async idle(): Promise<void> {
      await Promise.all([sales.idle(), batches.idle()]);
      await background.idle();
    },
  };
}

/** The program's failure, told to who has paid beforehand. */
function paidBack(outcome: Outcome): Outcome {
  const { failure } = outcome;
  if (!failure) return outcome;
  const { code, status, message, details } = failure;
  const told = message.replace('Nothing was charged.', 'What was paid for it beforehand is paid back to the wallet that paid.');
  return { ...outcome, failure: new ComputeError(code, status, told, { ...(details && { details }) }) };
}
