import type { Database } from '@freehold/database';
import type { Token } from '@freehold/protocol';
import type { RemoteFacilitator } from '../../facilitator/remote.ts';
import { settleRemote } from '../../facilitator/settle-remote.ts';
import type { Reservation } from '../../reservation.ts';
import type { Limits } from '../../limits.ts';
import type { Network, Networks } from '../../networks.ts';
import { addCarrier, carriersOf, getReservation } from '../../store.ts';
import { chainFailure, type Chain } from './chain.ts';
import { addLook, dueLooks, loseSettled, replaceTransaction } from './looks.ts';
import type { Log } from './sender.ts';
import { settleExact } from './settle.ts';

/**
 * When a settled payment is looked for again. The first time soon: what a chain took back can be sent again only while the authorization is
 * valid. The second time when a chain that is going to take back anything has.
 */
const delays = [20_000, 900_000] as const;
const withinMs = 24 * 60 * 60 * 1000;
const sweepMs = 10_000;
const pageSize = 200;

/**
 * Looks again for payments that were settled: a reorganisation may have thrown their transaction out. What vanished is settled again, by
 * the same authorization; what cannot be is no longer counted as earned, and the owner is told.
 */
export function openWatch({
  database,
  node,
  networks,
  tokens,
  facilitator,
  onLost,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  node: string;
  networks: Networks;
  tokens: readonly Token[];
  /** Who carried the payments, where this node does not. */
  facilitator: RemoteFacilitator | undefined;
  /** A settled payment is not paid after all. */
  onLost: (reservation: Reservation) => void;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  let sweeping: Promise<void> | undefined;

  /** For each look, the moment up to which everything that was settled has had it. What was settled before the start is looked through once. */
  const done = delays.map(() => now() - withinMs);

  async function sweepNow(): Promise<void> {
    for (const [index, delay] of delays.entries()) {
      const to = now() - delay;
      const from = done[index] ?? to;
      for (let ids; (ids = await dueLooks(database.read, { node, look: index + 1, from, to, limit: pageSize })).length > 0;) {
        for (const id of ids) {
          signal.throwIfAborted();
          await look(id);
        }
      }
      // Two payments may be settled within one millisecond, so the last one is looked through again.
      done[index] = to;
    }
  }

  async function look(id: number): Promise<void> {
    const reservation = await getReservation(database.read, id);
    if (reservation?.state === 'settled' && networks.has(reservation.network)) {
      const network = networks.get(reservation.network);
      if (!(await stands(network.chain, reservation))) await bringBack(network, reservation);
    }
    await database.transaction((db) => addLook(db, id));
  }

  async function stands({ client }: Chain, { transaction }: Reservation): Promise<boolean> {
    if (transaction === undefined) return true;
    const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [transaction] });
    return receipt?.status === '0x1';
  }

  async function bringBack({ chain, sender }: Network, reservation: Reservation): Promise<void> {
    const { id, network, payer, transaction } = reservation;
    log('payment.vanished', { reservation: id, network, payer });
    const common = { chain, limits, now, log, signal };
    const token = tokens.find((known) => known.network === network && known.asset === reservation.asset);
    const ending =
      facilitator && token
        ? await settleRemote({ ...common, transfer: reservation, token, facilitator })
        : await settleExact({
            ...common,
            reservation,
            carriers: await carriersOf(database.read, id),
            save: (carrier) => database.transaction((db) => addCarrier(db, id, carrier)),
            sender,
          });
    if (ending.kind === 'unpaid') {
      const reason = `reorganised: ${ending.reason}`;
      const isLost = await database.transaction((db) => loseSettled(db, id, { reason, at: now() }));
      if (isLost) onLost({ ...reservation, state: 'unpaid', reason });
      return;
    }
    if (ending.transaction !== transaction) await database.transaction((db) => replaceTransaction(db, id, ending.transaction));
    log('payment.settled_again', { reservation: id, network, payer });
  }

  /** One at a time. What the chain does not answer now is asked the next time. */
  function sweep(): Promise<void> {
    sweeping ??= sweepNow()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        log('payment.watch_delayed', { message: chainFailure(error).message });
      })
      .finally(() => (sweeping = undefined));
    return sweeping;
  }

  return {
    sweep,
    start(): void {
      const timer = setInterval(() => void sweep(), sweepMs);
      timer.unref();
      signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    },
    /** Settles when no sweep is under way. */
    idle: async (): Promise<void> => sweeping,
  };
}
