import { createHash, randomBytes } from 'node:crypto';
import {
  ComputeError,
  isOwnFault,
  noTurn,
  type BatchRequest,
  type CallableOffer,
  type Compute,
  type AnswerSink,
  type FunctionRequest,
  type Input,
  type Outcome,
  type Plan,
  type Turn,
} from '@freehold/compute';
import {
  PaymentError,
  type Admission,
  type Outcome as Ending,
  type PaidCall,
  type Payer,
  type Payments,
  type Reservation,
} from '@freehold/payments';
import {
  noHash,
  zeroAddress,
  type Address,
  type Hex,
  type Offer,
  type PaymentRequired,
  type Receipt,
  type SettleResponse,
  type SignedReceipt,
} from '@freehold/protocol';
import { RequestError } from './error.ts';
import { isFree, priceCall } from './sale/pricing.ts';
import { openShared } from './sale/shared.ts';
import { freeReceipt, signReceipt, type Signer } from './sale/sign.ts';

/** How a call of a function ends, whatever HTTP makes of it. */
export type Answer =
  | { kind: 'payment-required'; required: PaymentRequired; settlement?: SettleResponse }
  | { kind: 'answered'; outcome: Outcome; receipt: SignedReceipt | undefined; settlement: SettleResponse | undefined };

/** How a batch run begins: what to pay, or the task to ask for. */
export type Begun =
  | { kind: 'payment-required'; required: PaymentRequired }
  /** `payer` is the zero address when nobody pays. */
  | { kind: 'accepted'; task: string; payer: Address; isNew: boolean };

export type Sales = ReturnType<typeof openSales>;

const pendingMessage =
  'The function has run and its payment is on its way to the chain. Send the same request with the same payment again to get the result; it is charged once.';
/** Who pays comes before who does not. */
const paidWeight = 4;
/** How long a batch run may wait for its turn: so much longer its payment must be good. */
const batchWaitMs = 300_000;
/** How long a payment is followed after its caller was told that it is pending. */
const followMs = 600_000;
/** A receipt follows its settlement at once; so much of the last settlements is looked at after a crash. */
const withoutReceiptMs = 60_000;

type Sold = { offer: string; task: string; amount: string; payer: Address; seller: Address };
/** A payment that is presented for a plan. */
type Purchase = { plan: Plan; offer: Offer; header: string; url: string; from: string; by: Payer; nonce: Uint8Array };

/**
 * The natural way of a paid call: identify → cache → turn → admit → run → settle → receipt. Nothing runs unreserved, nothing is
 * charged unexecuted, and one authorization runs one task: equal requests with the same authorization share one sale. The turn
 * comes before the money is held, so that a busy node refuses without having touched it.
 */
export function openSales({
  compute,
  payments,
  signer,
  now,
  onSold,
}: {
  compute: Compute;
  payments: Payments;
  signer: Signer;
  now: () => number;
  onSold: (sold: Sold) => void;
}) {
  const sales = openShared<Answer>();
  const batches = openShared<Begun>();
  const signing = openShared<{ signed: SignedReceipt; isNew: boolean }>();
  /** Runs of deterministic functions that are being paid for: equal calls wait for the result, which is free then. */
  const pioneers = new Map<string, Promise<unknown>>();
  /** What goes on after its caller was answered. */
  const behind = new Set<Promise<unknown>>();
  /** Of results at hand, by offer. */
  const freeReceipts = new WeakMap<Outcome, Map<string, SignedReceipt>>();
  const startedAt = now();

  const terms = ({ id }: CallableOffer, offer: Offer, url: string, error?: string): PaymentRequired =>
    payments.paymentRequired({ offer, offerId: id, url, ...(error !== undefined && { error }) });

  const goOn = (work: Promise<unknown>): void => {
    const settled = work.catch(() => {}).finally(() => behind.delete(settled));
    behind.add(settled);
  };

  /** A payment that does not do is answered with the terms again and the reason, as x402 has it. Any other refusal is thrown. */
  const refusalIn = (error: unknown): PaymentError => {
    if (error instanceof PaymentError && error.status === 402) return error;
    throw error;
  };
  const admit = (call: PaidCall): Promise<Admission | PaymentError> => payments.admit(call).catch(refusalIn);

  const announce = (plan: Plan, { task }: Outcome, { amount, payer }: { amount: string; payer: Address }) =>
    onSold({ offer: plan.call.id, task, amount, payer, seller: plan.call.offer.owner });

  /**
   * A result that may be given again keeps the receipt of its first free delivery: what it says has not changed. One that nobody paid
   * for and nobody will be given again has one where the caller prefers that: signing it costs more than most runs.
   */
  async function receiptOfFree(plan: Plan, outcome: Outcome, isAsked: boolean): Promise<SignedReceipt | undefined> {
    if (plan.call.offer.deterministic !== true && !isAsked) return undefined;
    if (!outcome.cached) return signReceipt(signer, freeReceipt(plan, outcome, now()));
    const atHand = freeReceipts.get(outcome) ?? new Map<string, SignedReceipt>();
    freeReceipts.set(outcome, atHand);
    const known = atHand.get(plan.call.id);
    if (known) return known;
    const kept = await compute.receipts.get(outcome.task, { payer: zeroAddress, nonce: noHash });
    const isKept = kept?.receipt.offer === plan.call.id;
    const signed = isKept ? kept : await signReceipt(signer, freeReceipt(plan, outcome, now()));
    if (!isKept) await compute.receipts.add(outcome.task, signed);
    atHand.set(plan.call.id, signed);
    return signed;
  }

  async function giveFree(plan: Plan, outcome: Outcome, isAsked = false): Promise<Answer> {
    const receipt = outcome.response && (await receiptOfFree(plan, outcome, isAsked));
    if (outcome.response && !outcome.cached) announce(plan, outcome, { amount: '0', payer: zeroAddress });
    return { kind: 'answered', outcome, receipt, settlement: undefined };
  }

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
      const known = await compute.tasks.cached(plan);
      // Nobody can ask for it again, so it may come as it is written.
      const alone = plan.call.offer.deterministic === true ? {} : { keep: false, ...(sink && { sink }) };
      return await giveFree(
        plan,
        known ?? (await compute.tasks.run(plan, { nonce: randomBytes(16), turn, share, ...(signal && { signal }), ...alone })),
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
      return { kind: 'answered', outcome, receipt: undefined, settlement: undefined };
    }
    await payments.executed(reservation, outcome.task);
    return conclude(purchase, await payments.settle(reservation), turn, (settled, response) => give(plan, outcome, settled, response));
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
          'The function failed, and nothing was charged. The same payment may be sent again.',
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

  /** What was paid is given, with a receipt; and equal calls may have it, too. */
  async function give(plan: Plan, outcome: Outcome, { payer, nonce, amount }: Reservation, settlement: SettleResponse): Promise<Answer> {
    const receipt = {
      ...freeReceipt(plan, outcome, now()),
      payer,
      nonce,
      amount: amount.toString(),
      transaction: settlement.transaction as Hex,
    };
    const [{ signed, isNew }] = await Promise.all([receiptOnce(receipt), compute.tasks.share(plan, outcome)]);
    if (isNew) announce(plan, outcome, { amount: amount.toString(), payer });
    return { kind: 'answered', outcome, receipt: signed, settlement };
  }

  /** A payment has one receipt, also when its caller comes back while one is signed for him. */
  const receiptOnce = (receipt: Receipt): Promise<{ signed: SignedReceipt; isNew: boolean }> =>
    signing.join(`${receipt.payer} ${receipt.nonce} ${receipt.task}`, undefined, async () => {
      const { task, payer, nonce } = receipt;
      const kept = await compute.receipts.get(task, { payer, nonce });
      if (kept) return { signed: kept, isNew: false };
      const signed = await signReceipt(signer, receipt);
      await compute.receipts.add(task, signed);
      return { signed, isNew: true };
    });

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

  const keyOf = ({ plan, by }: Purchase) => `${by.payer} ${by.nonce} ${plan.call.id} ${plan.requestId}`;
  const paidCall = ({ plan, offer, header, url, by, nonce }: Purchase): PaidCall => ({
    header,
    offer,
    offerId: plan.call.id,
    url,
    taskId: plan.task({ nonce, payer: by.payer }).id,
    requestHash: plan.requestId,
  });
  const refused = ({ plan, offer, url }: Purchase, error: PaymentError) => ({
    kind: 'payment-required' as const,
    required: terms(plan.call, offer, url, reasonOf(error)),
  });
  const entrant = ({ by, from }: Purchase, signal: AbortSignal | undefined) => ({
    payer: by.isProven ? by.payer : from,
    weight: paidWeight,
    until: by.startBefore,
    ...(signal && { signal }),
  });

  /** The result of an equal call that is being paid for now, when it becomes free. */
  async function followPioneer({ plan, by }: Purchase): Promise<Outcome | undefined> {
    for (let pioneer; (pioneer = pioneers.get(plan.requestId));) {
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
      if (isShared && pioneers.has(plan.requestId)) {
        turn.end();
        continue;
      }
      const sale = sellNow(purchase, turn);
      if (isShared) pioneers.set(plan.requestId, sale);
      try {
        const answer = await sale;
        turn.end();
        return answer;
      } catch (error) {
        if (error instanceof RequestError && error.code === 'payment_pending') goOn(followEnd(purchase, turn));
        else turn.end();
        throw error;
      } finally {
        if (pioneers.get(plan.requestId) === sale) pioneers.delete(plan.requestId);
      }
    }
  }

  /** Its payer has one more under way until his payment has come to an end. */
  async function followEnd(purchase: Purchase, turn: Turn): Promise<void> {
    turn.done(0);
    try {
      const admission = await payments.admit(paidCall(purchase));
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
    const admission = await admit(paidCall(purchase));
    if (admission instanceof PaymentError) return refused(purchase, admission);
    if (admission.kind === 'reserved') return fulfil(purchase, admission.reservation, turn);
    turn.done(0);
    if (admission.kind === 'settled') return redeliver(purchase, admission.reservation, admission.response);
    return conclude(purchase, await payments.outcome(admission.reservation), turn, (settled, response) =>
      redeliver(purchase, settled, response),
    );
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
    return give(plan, outcome, reservation, settlement);
  }

  /** A batch run that was paid for: in the background, to its end. */
  async function fulfilBatch(purchase: Purchase, reservation: Reservation, ended: Promise<Outcome>): Promise<void> {
    const { plan } = purchase;
    try {
      const outcome = await ended;
      if (!outcome.isWorthMoney) {
        await payments.release(reservation, outcome.failure?.code ?? 'refused_by_function');
        return;
      }
      await payments.executed(reservation, outcome.task);
      const ending = await payments.settle(reservation, { withinMs: followMs });
      if (ending.kind === 'settled') await give(plan, outcome, ending.reservation, ending.response);
    } catch (error) {
      await payments.release(reservation, error instanceof ComputeError ? error.code : 'failed');
    }
  }

  /** A payment that an earlier process of this node had under way, and whose caller may never come back: its receipt is there for him. */
  async function receiptOfLate({ resultRef, payer, nonce, amount, network, asset, offerId, transaction }: Reservation): Promise<void> {
    if (resultRef === undefined || transaction === undefined) return;
    if (await compute.receipts.get(resultRef, { payer, nonce })) return;
    const { id, stdout } = (await compute.tasks.find(resultRef)) ?? {};
    if (id === undefined || !stdout?.sha256) return;
    await receiptOnce({
      version: 1,
      task: id,
      offer: offerId,
      payer,
      network,
      asset,
      amount: amount.toString(),
      nonce,
      transaction,
      output: `0x${stdout.sha256}`,
      issuedAt: now(),
    });
  }
  payments.onSettled((reservation) => {
    if (reservation.reservedAt < startedAt) goOn(receiptOfLate(reservation));
  });

  async function buyBatch(purchase: Purchase, retention: number | undefined): Promise<Begun> {
    const { plan, by, nonce } = purchase;
    const accepted = (task: string, isNew: boolean): Begun => ({ kind: 'accepted', task, payer: by.payer, isNew });
    const done = await compute.tasks.finished(plan, { nonce, payer: by.payer });
    if (!done) compute.mayEnter(plan, entrant(purchase, undefined));
    const admission = await admit(paidCall(purchase));
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
      /** Fires when the caller goes away: a call that still waits is dropped then. One that is paid is finished all the same. */
      signal?: AbortSignal;
      /** Takes an answer as it comes, where the result need not be kept: nobody pays for it, and no other call is answered with it. */
      sink?: AnswerSink;
      /** Reads the request's body and holds it while it is used. */
      withInput: (use: (input: Input) => Promise<Answer>) => Promise<Answer>;
    }): Promise<Answer> {
      const offer = priceCall(call.offer);
      const ask = (): Answer => ({ kind: 'payment-required', required: terms(call, offer, url) });
      // The terms come before the body, so that a large upload is not sent in vain; only a cache can need the body first.
      const mayBeFree = isOwn || isFree(offer) || compute.pools.hasRoom(offer);
      if (!mayBeFree && offer.deterministic !== true) {
        if (header === undefined) return ask();
        // Nor is it sent for a payment that will not do.
        const by = payerOf(call, offer, header, url);
        if (by instanceof PaymentError) return { kind: 'payment-required', required: terms(call, offer, url, reasonOf(by)) };
      }
      return withInput(async (input) => {
        const plan = await compute.identify({ call, request, input });
        const known = await compute.tasks.cached(plan);
        if (known) return giveFree(plan, known);
        const isAsked = prefersReceipt.test(request.headers['prefer'] ?? '');
        if (isOwn || isFree(offer)) return runFree(plan, { from, signal, sink, share: isFree(offer), isAsked });
        // Who brings a payment is sold what he pays for: sent again, it has the same result.
        const giveBack = header === undefined ? compute.pools.take(call.offer) : undefined;
        if (giveBack) return runFree(plan, { from, signal, sink, share: true, isAsked }).finally(giveBack);
        if (header === undefined) return ask();
        const purchase = present(plan, offer, header, url, from);
        if (purchase instanceof PaymentError) return { kind: 'payment-required', required: terms(call, offer, url, reasonOf(purchase)) };
        return sales.join(keyOf(purchase), signal, (alone) => sell(purchase, alone));
      });
    },

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
      const giveBack = isFree(priced) ? () => {} : compute.pools.take(call.offer);
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
        goOn(ended.then((outcome) => outcome.response && announce(plan, outcome, { amount: '0', payer: zeroAddress })).finally(giveBack));
        return { kind: 'accepted', task, payer: zeroAddress, isNew: true };
      }
      const offer = batchOffer(call, wallMs);
      if (header === undefined) return { kind: 'payment-required', required: terms(call, offer, url) };
      const purchase = present(plan, offer, header, url, from);
      if (purchase instanceof PaymentError) return { kind: 'payment-required', required: terms(call, offer, url, reasonOf(purchase)) };
      const { by } = purchase;
      return batches.join(keyOf(purchase), undefined, () =>
        buyBatch({ ...purchase, by: { ...by, startBefore: by.startBefore + batchWaitMs } }, retention),
      );
    },

    /**
     * Before the first call: signs the receipts that are missing of what was settled. A node that is killed between a settlement and
     * its receipt, or whose chain answers a settlement of before while it starts, has nothing under way that would come back to it; the
     * payer who stays away would have paid without a proof, and the tasks would say less than the ledger.
     */
    async recover(): Promise<void> {
      for (const reservation of await payments.lastSettled({ withinMs: withoutReceiptMs })) await receiptOfLate(reservation);
    },

    /** Settles when the sales under way have ended. */
    async idle(): Promise<void> {
      await Promise.all([sales.idle(), batches.idle()]);
      await Promise.all(behind);
    },
  };
}

/** A batch run as it is sold: its payment must be good while it waits, too. */
function batchOffer({ offer }: CallableOffer, wallMs: number): Offer {
  const priced = priceCall(offer, wallMs);
  return { ...priced, limits: { ...priced.limits, wallMs: wallMs + batchWaitMs } };
}

/** `Prefer: receipt` (RFC 7240). */
const prefersReceipt = /(^|[\s,])receipt($|[\s,;])/i;

/** x402's word for it, then ours. */
function reasonOf({ code, message, details }: PaymentError): string {
  const word = details?.['errorReason'];
  return `${typeof word === 'string' ? word : code}: ${message}`;
}

/** What makes the task of a payment unique. */
const nonceOf = ({ payer, nonce }: Payer): Uint8Array => createHash('sha256').update(`${payer} ${nonce}`).digest();
