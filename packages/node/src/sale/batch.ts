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

/** A purchase that others follow: whose, how it began, and whether it was paid in the end. */
type Pioneer = { key: string; begun: Promise<Begun>; paid: Promise<boolean> };

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
  /** Runs of deterministic functions that are being paid for, by task: whoever wants the same waits for it, and has it free then. */
  const pioneers = new Map<string, Pioneer>();

  /** A batch run that was paid for: in the background, to its end. Answers false when its payer did not pay in the end. */
  async function fulfilBatch(purchase: Purchase, reservation: Reservation, ended: Promise<Outcome>): Promise<boolean> {
    const { plan } = purchase;
    try {
      const outcome = await ended;
      if (!outcome.isWorthMoney) {
        await payments.release(reservation, outcome.failure?.code ?? 'refused_by_function');
        return true;
      }
      await payments.executed(reservation, outcome.task, outcome.usage);
      const ending = await payments.settle(reservation, { withinMs: followMs });
      if (ending.kind === 'settled') await delivery.givePaid(plan, outcome, ending.reservation, ending.response);
      return ending.kind !== 'unpaid';
    } catch (error) {
      await payments.release(reservation, error instanceof ComputeError ? error.code : 'failed');
      return true;
    }
  }

  /** Buys a run, or follows the one that is being paid for, whose result is as good for everybody. */
  async function buyOnce(purchase: Purchase, retention: number | undefined): Promise<Begun> {
    const { plan, by, nonce } = purchase;
    if (plan.call.offer.deterministic !== true) return buyBatch(purchase, retention, () => {});
    const task = plan.task({ nonce, payer: by.payer }).id;
    for (let pioneer; (pioneer = pioneers.get(task)) && pioneer.key !== keyOf(purchase);) {
      const begun = await pioneer.begun.catch(() => undefined);
      if (begun?.kind === 'accepted') return follow(purchase, pioneer, retention);
    }
    const paid = Promise.withResolvers<boolean>();
    const pioneer: Pioneer = { key: keyOf(purchase), begun: buyBatch(purchase, retention, paid.resolve), paid: paid.promise };
    pioneers.set(task, pioneer);
    const forget = () => pioneers.get(task) === pioneer && pioneers.delete(task);
    void paid.promise.then(forget);
    return pioneer.begun.catch((error: unknown) => {
      forget();
      throw error;
    });
  }

  /** Waits for the run of another payer. His payment is held for nothing; only if the other does not pay in the end, he does. */
  function follow(purchase: Purchase, { paid }: Pioneer, retention: number | undefined): Begun {
    const { plan, by, nonce } = purchase;
    const task = plan.task({ nonce, payer: by.payer }).id;
    const waiting = compute.tasks.follow(task);
    goOn(Promise.all([paid, waiting?.catch(() => undefined)]).then(([isPaid]) => (isPaid ? undefined : buyOnce(purchase, retention))));
    return { kind: 'accepted', task, payer: zeroAddress, isNew: false };
  }

  /** `onPaid` hears once how it ended: false when there is a result that its payer did not pay. */
  async function buyBatch(purchase: Purchase, retention: number | undefined, onPaid: (isPaid: boolean) => void): Promise<Begun> {
    const { plan, by, nonce } = purchase;
    const accepted = (task: string, isNew: boolean): Begun => ({ kind: 'accepted', task, payer: by.payer, isNew });
    const done = await compute.tasks.finished(plan, { nonce, payer: by.payer });
    if (!done) compute.mayEnter(plan, entrant(purchase, undefined));
    const admission = await admit(purchase);
    if (admission instanceof PaymentError) {
      onPaid(true);
      return refused(purchase, admission);
    }
    const { reservation } = admission;
    if (admission.kind !== 'reserved') {
      onPaid(true);
      return accepted(reservation.taskId, false);
    }
    if (done) {
      // It was run for somebody who did not pay in the end.
      await payments.begin(reservation);
      goOn(fulfilBatch(purchase, reservation, Promise.resolve(done)).then(onPaid, () => onPaid(true)));
      return accepted(done.task, false);
    }
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
      goOn(fulfilBatch(purchase, reservation, ended).then(onPaid, () => onPaid(true)));
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
      // Somebody has the same run for nothing: so has he.
      const name = plan.call.offer.deterministic === true ? plan.task({ nonce: purchase.nonce, payer: purchase.by.payer }).id : undefined;
      if (name !== undefined && !pioneers.has(name) && compute.tasks.follow(name))
        return { kind: 'accepted', task: name, payer: zeroAddress, isNew: false };
      const { by } = purchase;
      return batches.join(keyOf(purchase), undefined, () =>
        buyOnce({ ...purchase, by: { ...by, startBefore: by.startBefore + batchWaitMs } }, retention),
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
