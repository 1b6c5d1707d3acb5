import { randomBytes } from 'node:crypto';
import { ComputeError, type BatchRequest, type CallableOffer, type Compute, type Outcome } from '@freehold/compute';
import { isFree, PaymentError, priceCall, type Payments, type Reservation } from '@freehold/payments';
import { zeroAddress, type Address, type Offer, type PaymentRequired } from '@freehold/protocol';
import type { Background } from './background.ts';
import type { Delivery } from './delivery.ts';
import { entrant, followMs, keyOf, type Purchase, type Purchases, type Unpaid } from './purchase.ts';
import { openShared } from './shared.ts';

/** How a batch run begins: what to pay, or the task to ask for. */
export type Begun =
  | Unpaid
  /** `payer` is the zero address when nobody pays. */
  | { kind: 'accepted'; task: string; payer: Address; isNew: boolean };

/** How long a batch run may wait for its turn: so much longer its payment must be good. */
const batchWaitMs = 300_000;

/** Batch runs: accepted, then run and settled in the background. */
export function openBatchSales({
  compute,
  payments,
  purchases: { terms, ask, present, admit, refused },
  delivery,
  background: { goOn },
  now,
}: {
  compute: Compute;
  payments: Payments;
  purchases: Purchases;
  delivery: Delivery;
  background: Background;
  now: () => number;
}) {
  const batches = openShared<Begun>();

  /** A batch run that was paid for: in the background, to its end. */
  async function fulfilBatch(purchase: Purchase, reservation: Reservation, ended: Promise<Outcome>): Promise<void> {
    const { plan } = purchase;
    try {
      const outcome = await ended;
      if (!outcome.isWorthMoney) {
        await payments.release(reservation, outcome.failure?.code ?? 'refused_by_function');
        return;
      }
      await payments.executed(reservation, outcome.task, outcome.usage);
      const ending = await payments.settle(reservation, { withinMs: followMs });
      if (ending.kind === 'settled') await delivery.givePaid(plan, outcome, ending.reservation, ending.response);
    } catch (error) {
      await payments.release(reservation, error instanceof ComputeError ? error.code : 'failed');
    }
  }

  async function buyBatch(purchase: Purchase, retention: number | undefined): Promise<Begun> {
    const { plan, by, nonce } = purchase;
    const accepted = (task: string, isNew: boolean): Begun => ({ kind: 'accepted', task, payer: by.payer, isNew });
    const done = await compute.tasks.finished(plan, { nonce, payer: by.payer });
    if (!done) compute.mayEnter(plan, entrant(purchase, undefined));
    const admission = await admit(purchase);
    if (admission instanceof PaymentError) return refused(purchase, admission);
    const { reservation } = admission;
    if (admission.kind !== 'reserved') return accepted(reservation.taskId, false);
    const begin = async () => {
      if (now() > by.startBefore)
        throw new ComputeError(
          'queue_full',
          429,
          'The runs before this one took longer than its payment is good for. Nothing was charged; pay again.',
        );
      await payments.begin(reservation);
    };
    try {
      const { task, ended } = await compute.tasks.start(plan, {
        nonce,
        payer: by.payer,
        share: false,
        retention,
        enter: (signal) => compute.enter(plan, entrant(purchase, signal)),
        before: begin,
      });
      goOn(fulfilBatch(purchase, reservation, ended));
      return accepted(task, true);
    } catch (error) {
      await payments.release(reservation, 'failed');
      throw error;
    }
  }

  return {
    /** What a batch run of at most `wallMs` costs, whatever it is run with. */
    batchTerms: (call: CallableOffer, wallMs: number, url: string): PaymentRequired => terms(call, batchOffer(call, wallMs), url),

    /** Accepts a batch run of at most `wallMs`, paid for by the seconds. Errors: `request_invalid`, `queue_full` and those of `payments.admit`. */
    async begin({
      call,
      request,
      wallMs,
      url,
      header,
      from,
      retention,
    }: {
      call: CallableOffer;
      request: BatchRequest;
      wallMs: number;
      url: string;
      header: string | undefined;
      from: string;
      /** How long the caller wants the outputs to be kept, in milliseconds. */
      retention: number | undefined;
    }): Promise<Begun> {
      const plan = compute.identifyBatch({ call, request, wallMs });
      const known = await compute.tasks.cached(plan);
      if (known) return { kind: 'accepted', task: known.task, payer: zeroAddress, isNew: false };
      const priced = priceCall(call.offer, wallMs);
      // Who brings a payment is sold what he pays for, as for a call.
      const giveBack = isFree(priced) ? () => {} : header === undefined ? compute.pools.take(call.offer) : undefined;
      if (giveBack) {
        const begun = async () => {
          compute.mayEnter(plan, { payer: from });
          return compute.tasks.start(plan, {
            nonce: randomBytes(16),
            share: true,
            retention,
            enter: (signal) => compute.enter(plan, { payer: from, signal }),
            before: async () => {},
          });
        };
        const { task, ended } = await begun().catch((error: unknown) => {
          giveBack();
          throw error;
        });
        goOn(ended.then((outcome) => outcome.response && delivery.announceFree(plan, outcome)).finally(giveBack));
        return { kind: 'accepted', task, payer: zeroAddress, isNew: true };
      }
      const offer = batchOffer(call, wallMs);
      if (header === undefined) return ask(call, offer, url);
      const purchase = present(plan, offer, header, url, from);
      if (purchase instanceof PaymentError) return ask(call, offer, url, purchase);
      const { by } = purchase;
      return batches.join(keyOf(purchase), undefined, () =>
        buyBatch({ ...purchase, by: { ...by, startBefore: by.startBefore + batchWaitMs } }, retention),
      );
    },

    idle: batches.idle,
  };
}

/** A batch run as it is sold: its payment must be good while it waits, too. */
function batchOffer({ offer }: CallableOffer, wallMs: number): Offer {
  const priced = priceCall(offer, wallMs);
  return { ...priced, limits: { ...priced.limits, wallMs: wallMs + batchWaitMs } };
}
