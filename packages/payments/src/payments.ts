import { setTimeout as sleep } from 'node:timers/promises';
import { chainEntry } from '@freehold/contracts';
import type { Database, Sql } from '@freehold/database';
import {
  type Address,
  type Offer,
  type PaymentRequired,
  type PaymentRequirements,
  type SettleResponse,
  type Token,
} from '@freehold/protocol';
import type { Admission, Outcome, PaidCall, Payer } from './call.ts';
import { chargeOf, type Usage } from './charge.ts';
import { PaymentError, type Correction } from './error.ts';
import { openFacilitator, type Allowance } from './facilitator/facilitator.ts';
import { connectFacilitator } from './facilitator/remote.ts';
import { openJobs } from './jobs/jobs.ts';
import type { Job } from './jobs/store.ts';
import { openLedger } from './ledger.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { openNetworks } from './networks.ts';
import { openPresence } from './presence.ts';
import type { Rail, Tender } from './rail.ts';
import { openChannelRail } from './rails/channel/index.ts';
import { openEscrowRail } from './rails/escrow/index.ts';
import { openExactRail } from './rails/exact/index.ts';
import type { ChainSettings } from './rails/exact/chain.ts';
import type { Log, Signer } from './rails/exact/sender.ts';
import type { Recover } from './rails/exact/verify.ts';
import { openWatch } from './rails/exact/watch.ts';
import { report, type Report } from './report.ts';
import { history, lastSettled, openReservations, totals, type HistoryFilter, type Total } from './store.ts';
import { endRefundJob, openRefunds } from './refunds/refunds.ts';
import { refundsOf, type Refund } from './refunds/store.ts';
import type { Reservation } from './reservation.ts';
import { endTabJob, openClaims } from './tabs/claims.ts';
import { openDrawing } from './tabs/draw.ts';
import { openIntake } from './tabs/intake.ts';
import { openTabs } from './tabs/ledger.ts';
import { tabsOf } from './tabs/store.ts';
import type { Tab } from './tabs/tab.ts';
import { acceptedOf, assertFor } from './terms.ts';
import { bazaarOf } from './wire/bazaar.ts';
import { readPayment, type Presented } from './wire/read-payment.ts';

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
  /**
   * Claims from channels for the sellers, and refunds to their payers; it can move that money nowhere else. It must be the same after a restart:
   * what a channel holds can be claimed with it alone. Without one no channels and no grants are taken, as where
   * nobody pays gas for claims.
   */
  authorizer?: Signer;
  chains: readonly ChainSettings[];
  /** The tokens that this node takes; a price in another one is not offered. */
  tokens: readonly Token[];
  /** Who carries `exact` payments to the chain in the place of this node, and pays the gas. The chain is still asked by this node itself. */
  facilitator?: { url: string; timeoutMs: number } | undefined;
  /** For whom this node carries payments as their facilitator. */
  facilitate?: Allowance | undefined;
  limits?: Partial<Limits>;
};

export type Payments = ReturnType<typeof openPayments>;

/** Pages of recovery. */
const pageSize = 500;
/** How many headers are remembered. */
const mostTenders = 256;

/** A payment, and what it is presented for. */
type Offered = Pick<PaidCall, 'offer' | 'offerId' | 'url'> & { header: string };

/**
 * Takes payments for calls: terms, admission, the ledger, settlement. Before the first admission call `recover`; `stop` ends
 * all settling, which the next start takes up again.
 */
export function openPayments({
  database,
  node,
  now,
  log,
  recover,
  signer,
  authorizer,
  chains,
  tokens,
  facilitator,
  facilitate,
  limits: given,
}: PaymentsOptions) {
  const limits = { ...defaultLimits, ...given };
  const stopping = new AbortController();
  const { signal } = stopping;
  const listeners = new Set<(reservation: Reservation) => void>();
  const unpaidListeners = new Set<(reservation: Reservation) => void>();
  const ledger = openLedger({ database, node, now, onEnd: tell });
  const networks = openNetworks({ chains, signer, limits, now, log, signal });
  const taken = tokens.filter(({ network }) => networks.has(network));
  const common = { database, ledger, networks, tokens: taken, recover, resume, limits, now, log, signal };
  const tabs = openTabs({ database, ledger, node, now });
  const drawing = openDrawing({ database, tabs, resume, limits, now });
  const jobs = openJobs({ database, node, networks, limits, now, log, signal, onEnd: (db, job) => endJob(db, job, now()) });
  const refunds = openRefunds({ database, node, networks, jobs, tokens: taken, signer, limits, now, log, signal });
  const presence = openPresence({ networks, names: chains.map(({ network }) => network), log, signal });
  const intake = openIntake({ ...common, drawing });
  const tabbed = { ...common, tabs, drawing, intake, jobs };
  const channels =
    authorizer && openChannelRail({ ...tabbed, authorizer, isPresent: (network) => presence.at(network, 'channel') !== undefined });
  const escrow = openEscrowRail({
    ...tabbed,
    contractsOn(network, asset) {
      const [address, multicall3] = [presence.at(network, 'escrow'), presence.at(network, 'multicall3')];
      if (!authorizer || address === undefined || chainEntry(network)?.token !== asset) return undefined;
      return { escrow: address, ...(multicall3 && { multicall3 }) };
    },
  });
  const tabRails = [...(channels ? [channels] : []), escrow];
  const remote = facilitator && connectFacilitator(facilitator);
  const rails: readonly Rail[] = [openExactRail({ ...common, facilitator: remote }), ...tabRails];
  const watch = openWatch({ database, node, networks, tokens: taken, facilitator: remote, onLost: tell, limits, now, log, signal });
  const served =
    facilitate &&
    openFacilitator({
      database,
      node,
      networkOf: networks.get,
      tokens: taken,
      signer: signer.address,
      recover,
      allowance: facilitate,
      limits,
      now,
      log,
      signal,
    });
  const claims = openClaims({ database, node, contracts: tabRails, drawing, jobs, tokens: taken, limits, now, log, signal });
  const settling = new Map<number, Promise<void>>();
  /** What draws on tabs is at its end when it is executed; whoever asks for that end next need not look for it. */
  const charged = new WeakMap<Reservation, Reservation>();
  const tenders = new Map<string, Tender & { of: Omit<Offered, 'header'> }>();

  function tell(ended: Reservation): void {
    const { id, payer, amount, transaction, reason } = ended;
    if (ended.state === 'unpaid') {
      log('payment.unpaid', { reservation: id, payer, reason });
      for (const listener of unpaidListeners) listener(ended);
    }
    if (ended.state !== 'settled') return;
    log('payment.settled', { reservation: id, payer, amount: String(amount), transaction });
    for (const listener of listeners) listener(ended);
  }

  function railOf({ scheme }: { scheme: string }): Rail {
    const rail = rails.find((one) => one.scheme === scheme);
    if (rail) return rail;
    throw new PaymentError('payment_unavailable', `This node does not take payments by ${scheme} any more.`);
  }

  /** What an offer costs and how it can be paid. Empty when this node takes none of its tokens. */
  function requirements(offer: Offer): PaymentRequirements[] {
    return rails.flatMap((rail) => rail.requirements(offer));
  }

  /**
   * The body and header of a 402 answer; `error` is why a payment did not do. Errors: `payment_unavailable`.
   */
  function paymentRequired({
    offer,
    offerId,
    url,
    error,
  }: {
    offer: Offer;
    offerId: string;
    url: string;
    error?: string | PaymentError | undefined;
  }): PaymentRequired {
    const correction = error instanceof PaymentError ? error.correction : undefined;
    const offered = requirements(offer);
    const accepts = correction ? offered.map((one) => correct(one, correction)) : offered;
    if (accepts.length === 0) {
      throw new PaymentError(
        'payment_unavailable',
        'This node is not connected to a chain on which this function is sold, so it cannot be paid now.',
      );
    }
    return {
      x402Version: 2,
      error:
        sayError(error) ??
        (offer.pool === undefined ? 'Payment required' : `Payment required: the pool "${offer.pool}", in which this is free, is full now`),
      resource: { url, ...(offer.description === undefined ? {} : { description: offer.description }) },
      accepts,
      extensions: {
        freehold: { info: { offer: offerId, ...(offer.pool !== undefined && { pool: offer.pool }) } },
        bazaar: bazaarOf(offer),
      },
    };
  }

  /**
   * What a header is, for this offer. Routes ask more than once while they make up their minds, and signatures cost: what was found is
   * remembered for a while.
   */
  function tenderOf({ header, ...of }: Offered): Tender {
    const known = tenders.get(header);
    if (known && isSameSale(known.of, of)) return known;
    const ours = requirements(of.offer);
    const tender = bestOf(readPayment(header, ours), (presented) => {
      const requirement = acceptedOf(ours, presented.accepted);
      assertFor(presented, of);
      return railOf(requirement).present({ ...presented, ...of, requirement });
    });
    for (const [oldest] of tenders) {
      if (tenders.size < mostTenders) break;
      tenders.delete(oldest);
    }
    const fresh = { ...tender, of };
    tenders.set(header, fresh);
    return fresh;
  }

  /**
   * Holds a payment against a call. Of all calls that carry one payment, exactly one is told `reserved`.
   * Errors: `payment_required`, `payment_malformed`, `payment_invalid`, `payment_expired`, `payment_conflict`,
   * `payment_exposure`, `payment_unpaid`, `payment_unavailable`.
   */
  async function admit({ header, ...call }: PaidCall): Promise<Admission> {
    if (signal.aborted) throw new PaymentError('payment_unavailable', 'The node is stopping. Send the same request again in a moment.');
    if (header === undefined || header === '')
      throw new PaymentError('payment_required', 'This function costs money, and no payment came with the call.');
    return tenderOf({ header, offer: call.offer, offerId: call.offerId, url: call.url }).admit(call);
  }

  /** A reservation that a payment found again, for the same request. */
  async function resume(reservation: Reservation): Promise<Admission> {
    if (reservation.state === 'settled') return { kind: 'settled', reservation, response: await railOf(reservation).respond(reservation) };
    if (reservation.state === 'executed' || reservation.state === 'settling') startSettling(reservation.id);
    return { kind: 'joined', reservation };
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

  function abandon(reservation: Reservation): void {
    const job = Promise.resolve(railOf(reservation).abandon?.(reservation))
      .then(() => refunds.payOut())
      .catch((error: unknown) => {
        if (!signal.aborted)
          log('payment.abandon_failed', { reservation: reservation.id, message: error instanceof Error ? error.message : String(error) });
      })
      .finally(() => settling.delete(reservation.id));
    settling.set(reservation.id, job);
  }

  async function settleOne(id: number): Promise<void> {
    const reservation = await ledger.get(id);
    if (reservation) await railOf(reservation).settle(reservation);
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
    return { kind: ended.state === 'settled' ? 'settled' : 'unpaid', reservation: ended, response: await railOf(ended).respond(ended) };
  }

  /**
   * Whose payment a header is and until when it is good, by what is written in it and its signature: nothing is held, and the chain is
   * not asked. `isProven` is false for what only a contract wallet could vouch for.
   * Errors: `payment_malformed`, `payment_invalid`.
   */
  function payerOf(offered: Offered): Payer {
    const { key, isProven, validBefore } = tenderOf(offered);
    const lastMs = BigInt(validBefore) * 1000n - BigInt(offered.offer.limits.wallMs + limits.settleMarginMs);
    return { payer: key.payer, nonce: key.nonce, isProven, startBefore: Number(lastMs < farOff ? lastMs : farOff) };
  }

  /** What the run of a reservation came to is known from now on. */
  async function executed(reservation: Reservation, resultRef: string, usage?: Usage): Promise<Reservation> {
    const { amount: most, meter } = reservation;
    const done = await railOf(reservation).executed(reservation, { resultRef, amount: chargeOf({ most, meter, usage }) });
    if (done.state === 'settled') charged.set(reservation, done);
    return done;
  }

  return {
    requirements,
    paymentRequired,
    payerOf,
    admit,
    outcome,
    /**
     * Gives money back that was put aside and not charged, when the payment asks for that; undefined when it buys something.
     * Errors: `payment_malformed`, `payment_invalid`, `payment_out_of_step`, `payment_unavailable`.
     */
    refund: (offered: Offered): Promise<SettleResponse> | undefined => tenderOf(offered).giveBack?.(),
    /**
     * Finds out which contracts the chains have, goes on with transactions of the node's own, and claims from now on. What cannot be asked now is
     * asked again.
     */
    async start(): Promise<void> {
      watch.start();
      await served?.recover();
      await presence.start();
      claims.start(await jobs.resume());
      void refunds.payOut();
    },
    /** Tells the chain all that calls on channels have come to. */
    claimAll: (): Promise<void> => claims.claimAll(),
    /** What is owed, or was given back, for work that was paid before it failed. Newest first. */
    refunds: (filter: { payer?: Address; limit: number }): Promise<Refund[]> => refundsOf(database.read, filter),
    /** Looks after channels now, as it is done every `watchMs`. */
    watch: (): Promise<unknown> => claims.watch(),
    /** What payers have put aside for this node, those used last first. */
    tabs: (filter: { payer?: Address; limit: number }): Promise<Tab[]> => tabsOf(database.read, filter),
    /** The task is about to run. */
    async begin(reservation: Reservation): Promise<Reservation> {
      return reservation.tab ? reservation : ledger.begin(reservation.id);
    },
    /** The task has run, and its result is stored durably under `resultRef`. `usage` decides the charge where the price is metered. */
    executed,
    /** The task failed or did not run: nothing is charged. */
    async release({ id }: Reservation, reason: string): Promise<Reservation> {
      const current = await ledger.get(id);
      const released = await ledger.release(id, current?.state === 'reserved' ? 'reserved' : 'executing', reason);
      if (released.isUpfront) void refunds.payOut();
      return released;
    },
    /** Moves the money, once, however often it is called; then the result may be given out. */
    async settle(reservation: Reservation, waiting?: { withinMs?: number; signal?: AbortSignal }): Promise<Outcome> {
      const ended = charged.get(reservation);
      if (ended) return { kind: 'settled', reservation: ended, response: await railOf(ended).respond(ended) };
      startSettling(reservation.id);
      return outcome(reservation, waiting);
    },
    /**
     * Takes up what an earlier process of this node left: work without a result is released, work with a result is settled, transactions
     * under way are looked for on the chain. `findResult` answers where the result of a reservation is stored and what it took, if its task
     * had come to an end that is worth money. Settling goes on in the background.
     */
    async recover({
      findResult,
    }: { findResult?: (reservation: Reservation) => Promise<{ resultRef: string; usage?: Usage } | undefined> } = {}): Promise<{
      released: number;
      resumed: number;
    }> {
      let released = 0;
      let resumed = 0;
      for (let afterId = 0; ;) {
        const page = await openReservations(database.read, { node, afterId, limit: pageSize });
        for (const reservation of page) {
          const { id, state } = reservation;
          afterId = id;
          if (state === 'reserved' || state === 'executing') {
            const found = state === 'executing' || reservation.tab ? await findResult?.(reservation) : undefined;
            if (!found) {
              released++;
              if (reservation.isUpfront) abandon(reservation);
              else await ledger.release(id, state, 'node_restarted');
              continue;
            }
            await executed(reservation, found.resultRef, found.usage);
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
    /** What became of payments since a moment, by day, payer and state. */
    report: (filter: { payTo?: Address; since: number; failures: number }): Promise<Report> => report(database.read, filter),
    /** Newest first; the next page is `beforeId` of the last one. */
    history: (filter: HistoryFilter): Promise<Reservation[]> => history(database.read, filter),
    /** Calls the listener after each settlement. Answers a function that ends it. */
    onSettled(listener: (reservation: Reservation) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** The same for what could not be settled, or was settled and taken back by its chain: the work was done for nothing. */
    onUnpaid(listener: (reservation: Reservation) => void): () => void {
      unpaidListeners.add(listener);
      return () => unpaidListeners.delete(listener);
    },
    /** Looks again for payments that were settled, as it is done by itself. */
    lookAgain: (): Promise<void> => watch.sweep(),
    /** This node as the facilitator of others; undefined when it is nobody's. */
    facilitator: served,
    async stop(): Promise<void> {
      claims.stop();
      await Promise.race([claims.claimAll().catch(() => undefined), sleep(limits.claimAtStopMs, undefined, { ref: false })]);
      stopping.abort();
      await Promise.all([...settling.values(), jobs.idle(), claims.idle(), refunds.idle(), watch.idle(), served?.idle()]);
    },
  };
}

/** What a transaction of the node's own that has ended means. */
const endJob = (db: Sql, job: Job, at: number): Promise<void> => (job.kind === 'payout' ? endRefundJob(db, job, at) : endTabJob(db, job));

/** Times beyond it are for ever, milliseconds since the epoch. */
const farOff = BigInt(Number.MAX_SAFE_INTEGER);

const isSameSale = (a: Omit<Offered, 'header'>, b: Omit<Offered, 'header'>): boolean =>
  a.offerId === b.offerId &&
  a.url === b.url &&
  a.offer.limits.wallMs === b.offer.limits.wallMs &&
  a.offer.prices.every(({ amount }, index) => amount === b.offer.prices[index]?.amount);

/** Of the readings of a payment the one that its payer signed; a payment of version 2 has one reading. */
function bestOf([first, ...others]: [Presented, ...Presented[]], present: (presented: Presented) => Tender): Tender {
  if (others.length === 0) return present(first);
  const attempts = [first, ...others].map((presented) => {
    try {
      return present(presented);
    } catch (error) {
      if (error instanceof PaymentError) return error;
      throw error;
    }
  });
  const readable = attempts.filter((attempt): attempt is Tender => !(attempt instanceof PaymentError));
  return readable.find(({ isProven }) => isProven) ?? readable[0] ?? present(first);
}

/** x402's word for it, then ours. Clients that can put it right by themselves act on the word alone. */
function sayError(error: string | PaymentError | undefined): string | undefined {
  if (!(error instanceof PaymentError)) return error;
  const word = error.details?.['errorReason'];
  if (error.correction && typeof word === 'string') return word;
  return `${typeof word === 'string' ? word : error.code}: ${error.message}`;
}

const correct = (requirement: PaymentRequirements, { scheme, network, asset, extra }: Correction): PaymentRequirements =>
  requirement.scheme === scheme && requirement.network === network && requirement.asset === asset
    ? { ...requirement, extra: { ...requirement.extra, ...extra } }
    : requirement;
