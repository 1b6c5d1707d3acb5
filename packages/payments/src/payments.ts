import type { Database } from '@freehold/database';
import {
  parseUnits,
  type Address,
  type Offer,
  type PaymentRequired,
  type PaymentRequirements,
  type SettleResponse,
  type Token,
} from '@freehold/protocol';
import type { Admission, Outcome, PaidCall, Payer } from './call.ts';
import { PaymentError } from './error.ts';
import { isSameRequest, openLedger } from './ledger.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { badSignature, openExactRail } from './rails/exact/index.ts';
import type { ChainSettings } from './rails/exact/chain.ts';
import type { Log, Signer } from './rails/exact/sender.ts';
import type { Recover, Verified } from './rails/exact/verify.ts';
import {
  findReservation,
  carriersOf,
  history,
  lastSettled,
  openReservations,
  totals,
  type HistoryFilter,
  type NewReservation,
  type Total,
} from './store.ts';
import type { Reservation } from './reservation.ts';

export type PaymentsOptions = {
  database: Database;
  /** Tells this node from others on the same database; the same after a restart. */
  node: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  log: Log;
  /** Native secp256k1, handed in by the node. */
  recover: Recover;
  /** The keeper's key: pays gas, holds no income. It may be another one after a restart. */
  signer: Signer;
  chains: readonly ChainSettings[];
  /** The tokens that this node takes; a price in another one is not offered. */
  tokens: readonly Token[];
  limits?: Partial<Limits>;
};

export type Payments = ReturnType<typeof openPayments>;

/** Pages of recovery. */
const pageSize = 500;

/**
 * Takes payments for calls: terms, admission, the ledger, settlement. Before the first admission call `recover`; `stop` ends
 * all settling, which the next start takes up again.
 */
export function openPayments({ database, node, now, log, recover, signer, chains, tokens, limits: given }: PaymentsOptions) {
  const limits = { ...defaultLimits, ...given };
  const stopping = new AbortController();
  const ledger = openLedger({ database, node, now });
  const rail = openExactRail({ chains, tokens, signer, recover, limits, now, log, signal: stopping.signal });
  const settling = new Map<number, Promise<void>>();
  const listeners = new Set<(reservation: Reservation) => void>();

  /** What an offer costs and how it can be paid. Empty when this node takes none of its tokens. */
  function requirements(offer: Offer): PaymentRequirements[] {
    return rail.requirements(offer);
  }

  /** The body and header of a 402 answer. Errors: `payment_unavailable`. */
  function paymentRequired({
    offer,
    offerId,
    url,
    error,
  }: {
    offer: Offer;
    offerId: string;
    url: string;
    error?: string;
  }): PaymentRequired {
    const accepts = requirements(offer);
    if (accepts.length === 0) {
      throw new PaymentError(
        'payment_unavailable',
        'This node is not connected to a chain on which this function is sold, so it cannot be paid now.',
      );
    }
    return {
      x402Version: 2,
      error:
        error ??
        (offer.pool === undefined ? 'Payment required' : `Payment required: the pool "${offer.pool}", in which this is free, is full now`),
      resource: { url, ...(offer.description === undefined ? {} : { description: offer.description }) },
      accepts,
      extensions: { freehold: { info: { offer: offerId, ...(offer.pool !== undefined && { pool: offer.pool }) } } },
    };
  }

  /**
   * Holds a payment against a call. Of all calls that carry one authorization, exactly one is told `reserved`.
   * Errors: `payment_required`, `payment_malformed`, `payment_invalid`, `payment_expired`, `payment_conflict`,
   * `payment_exposure`, `payment_unpaid`, `payment_unavailable`.
   */
  async function admit({ header, offer, offerId, url, taskId, requestHash }: PaidCall): Promise<Admission> {
    if (stopping.signal.aborted)
      throw new PaymentError('payment_unavailable', 'The node is stopping. Send the same request again in a moment.');
    if (header === undefined || header === '')
      throw new PaymentError('payment_required', 'This function costs money, and no payment came with the call.');
    const verified = rail.verify({ header, offer, offerId, url });
    const { authorization, requirement, signature } = verified;
    const key = {
      network: requirement.network,
      asset: requirement.asset as Address,
      payer: authorization.from,
      nonce: authorization.nonce,
    };
    const existing = await findReservation(database.read, key);
    if (existing && existing.state !== 'released' && existing.state !== 'unpaid') {
      if (!verified.isKeySigned && existing.signature !== signature) throw badSignature();
      return revisit(existing, { offerId, requestHash });
    }
    if (existing) assertSame(existing, { offerId, requestHash });
    assertTime(verified, existing?.state === 'unpaid' ? 0 : offer.limits.wallMs + limits.settleMarginMs);

    const cap = parseUnits(limits.perPayer, tokenOf(key).decimals);
    const wanted = (reservedAt: number): NewReservation => ({
      ...key,
      payTo: authorization.to,
      amount: BigInt(authorization.value),
      validAfter: authorization.validAfter,
      validBefore: authorization.validBefore,
      signature,
      offerId,
      taskId,
      requestHash,
      reservedAt,
    });
    for (let attempt = 1; ; attempt++) {
      const balanceAt = now();
      const balance = await rail.funds(verified);
      if (existing?.state === 'unpaid') return retryUnpaid(existing, balance);
      try {
        const { isNew, reservation } = await ledger.reserve(wanted(now()), { balance, balanceAt, cap, openLimit: limits.openPerPayer });
        return isNew ? { kind: 'reserved', reservation } : revisit(reservation, { offerId, requestHash });
      } catch (error) {
        // A payment that was settled while the balance was read is counted twice; a second look has it right.
        if (attempt === 2 || !(error instanceof PaymentError && error.code === 'payment_exposure')) throw error;
      }
    }
  }

  function revisit(reservation: Reservation, call: { offerId: string; requestHash: string }): Admission {
    assertSame(reservation, call);
    if (reservation.state === 'settled') return { kind: 'settled', reservation, response: responseOf(reservation) };
    if (reservation.state === 'executed' || reservation.state === 'settling') startSettling(reservation.id);
    return { kind: 'joined', reservation };
  }

  function assertSame(reservation: Reservation, call: { offerId: string; requestHash: string }) {
    if (isSameRequest(reservation, call)) return;
    throw new PaymentError(
      'payment_conflict',
      'This payment was already presented for another request. One payment is for one request: sign a new one.',
    );
  }

  async function retryUnpaid(existing: Reservation, balance: bigint): Promise<Admission> {
    if (balance < existing.amount) {
      throw new PaymentError(
        'payment_unpaid',
        'The work is done and its result is kept, but the wallet does not hold the price. Put money in it and send the same request again.',
        {
          errorReason: 'insufficient_funds',
        },
      );
    }
    // Two callers may come at once; the one that is late finds it settling.
    const reservation = await ledger.retry(existing.id).catch(() => existing);
    startSettling(reservation.id);
    return { kind: 'joined', reservation };
  }

  function assertTime({ authorization }: Verified, needsMs: number) {
    const seconds = BigInt(Math.floor(now() / 1000));
    if (BigInt(authorization.validAfter) >= seconds) {
      throw new PaymentError('payment_invalid', 'The payment is not valid yet. Is the clock of the payer right?', {
        errorReason: 'invalid_exact_evm_payload_authorization_valid_after',
      });
    }
    if (BigInt(authorization.validBefore) < seconds + BigInt(Math.ceil(needsMs / 1000))) {
      throw new PaymentError(
        'payment_expired',
        'The payment expires before the work could be done and settled. Sign one that is valid for maxTimeoutSeconds.',
        {
          errorReason: 'invalid_exact_evm_payload_authorization_valid_before',
        },
      );
    }
  }

  function tokenOf({ network, asset }: { network: string; asset: Address }): Token {
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token) throw new PaymentError('payment_unavailable', 'This node does not take that token any more.');
    return token;
  }

  /** One job a reservation, however many ask for it. It ends when the reservation does, or when the node stops. */
  function startSettling(id: number): void {
    if (settling.has(id) || stopping.signal.aborted) return;
    const job = settleOne(id)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted)
          log('payment.settle_failed', { reservation: id, message: error instanceof Error ? error.message : String(error) });
      })
      .finally(() => settling.delete(id));
    settling.set(id, job);
  }

  async function settleOne(id: number): Promise<void> {
    const reservation = await ledger.get(id);
    if (!reservation || (reservation.state !== 'executed' && reservation.state !== 'settling')) return;
    let state: 'executed' | 'settling' = reservation.state;
    const ending = await rail.settle({
      reservation,
      carriers: await carriersOf(database.read, id),
      async save(carrier) {
        await ledger.carry({ ...reservation, state }, carrier);
        state = 'settling';
      },
    });
    if (ending.kind === 'unpaid') {
      await ledger.unpaid(id, state, ending.reason);
      log('payment.unpaid', { reservation: id, payer: reservation.payer, reason: ending.reason });
      return;
    }
    const settled = await ledger.settled(id, state, ending.transaction);
    log('payment.settled', { reservation: id, payer: reservation.payer, transaction: ending.transaction });
    for (const listener of listeners) listener(settled);
  }

  /** How a reservation ended; `pending` when it did not within `withinMs`. For callers that joined. */
  async function outcome(
    { id }: Reservation,
    { withinMs = limits.answerWithinMs, signal }: { withinMs?: number; signal?: AbortSignal } = {},
  ): Promise<Outcome> {
    const ended = await ledger.ending(id, { withinMs, ...(signal && { signal }) });
    if (!ended) {
      const reservation = await ledger.get(id);
      if (!reservation) throw new PaymentError('payment_state', 'There is no such reservation.');
      return { kind: 'pending', reservation };
    }
    if (ended.state === 'released') return { kind: 'released', reservation: ended, reason: ended.reason ?? '' };
    return { kind: ended.state === 'settled' ? 'settled' : 'unpaid', reservation: ended, response: responseOf(ended) };
  }

  /**
   * Whose payment a header is and until when it is good, by what is written in it and its signature: nothing is held, and the chain is
   * not asked. `isProven` is false for what only a contract wallet could vouch for.
   * Errors: `payment_malformed`, `payment_invalid`.
   */
  function payerOf({ header, offer, offerId, url }: Pick<PaidCall, 'offer' | 'offerId' | 'url'> & { header: string }): Payer {
    const { authorization, isKeySigned } = rail.verify({ header, offer, offerId, url });
    const { from, nonce, validBefore } = authorization;
    const lastMs = Number(validBefore) * 1000 - offer.limits.wallMs - limits.settleMarginMs;
    return { payer: from, nonce, isProven: isKeySigned, startBefore: Math.min(lastMs, Number.MAX_SAFE_INTEGER) };
  }

  return {
    requirements,
    paymentRequired,
    payerOf,
    admit,
    outcome,
    /** The task is about to run. */
    begin: ({ id }: Reservation): Promise<Reservation> => ledger.begin(id),
    /** The task has run, and its result is stored durably under `resultRef`. */
    executed: ({ id }: Reservation, resultRef: string): Promise<Reservation> => ledger.executed(id, resultRef),
    /** The task failed or did not run: nothing is charged. */
    async release({ id }: Reservation, reason: string): Promise<Reservation> {
      const current = await ledger.get(id);
      return ledger.release(id, current?.state === 'reserved' ? 'reserved' : 'executing', reason);
    },
    /** Moves the money, once, however often it is called; then the result may be given out. */
    async settle(reservation: Reservation, waiting?: { withinMs?: number; signal?: AbortSignal }): Promise<Outcome> {
      startSettling(reservation.id);
      return outcome(reservation, waiting);
    },
    /**
     * Takes up what an earlier process of this node left: work without a result is released, work with a result is settled, transactions
     * under way are looked for on the chain. `findResult` answers where the result of a reservation is stored, if its task
     * had come to an end. Settling goes on in the background.
     */
    async recover({ findResult }: { findResult?: (reservation: Reservation) => Promise<string | undefined> } = {}): Promise<{
      released: number;
      resumed: number;
    }> {
      let released = 0;
      let resumed = 0;
      for (let afterId = 0; ;) {
        const page = await openReservations(database.read, { node, afterId, limit: pageSize });
        for (const { id, state, ...rest } of page) {
          afterId = id;
          if (state === 'reserved' || state === 'executing') {
            const resultRef = state === 'executing' ? await findResult?.({ id, state, ...rest }) : undefined;
            if (resultRef === undefined) {
              await ledger.release(id, state, 'node_restarted');
              released++;
              continue;
            }
            await ledger.executed(id, resultRef);
          }
          startSettling(id);
          resumed++;
        }
        if (page.length < pageSize) break;
      }
      if (released + resumed > 0) log('payment.recovered', { released, resumed });
      return { released, resumed };
    },
    /** What this node settled last, newest first: of these a crash may have taken what follows a settlement. At most 1000. */
    lastSettled: ({ withinMs }: { withinMs: number }): Promise<Reservation[]> =>
      lastSettled(database.read, { node, withinMs, limit: 1_000 }),
    /** Sums of what was settled, by token, payee and offer. */
    earnings: (filter: { payTo?: Address; offerId?: string } = {}): Promise<Total[]> => totals(database.read, filter),
    /** Newest first; the next page is `beforeId` of the last one. */
    history: (filter: HistoryFilter): Promise<Reservation[]> => history(database.read, filter),
    /** Calls the listener after each settlement. Answers a function that ends it. */
    onSettled(listener: (reservation: Reservation) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(settling.values());
    },
  };
}

/** What the PAYMENT-RESPONSE header says of a reservation at its end. */
function responseOf({ state, payer, network, amount, transaction, reason }: Reservation): SettleResponse {
  if (state === 'settled') return { success: true, payer, transaction: transaction ?? '', network, amount: String(amount) };
  return { success: false, errorReason: reason ?? 'unexpected_settle_error', payer, transaction: '', network };
}
