import { authorizationState, balanceOf } from '@freehold/contracts';
import type { Database } from '@freehold/database';
import type { Address, Hex } from '@freehold/protocol';
import { getCode } from 'viem/actions';
import { PaymentError } from '../error.ts';
import { carry, type Errand } from '../jobs/carry.ts';
import type { Ledger } from '../ledger.ts';
import type { Limits } from '../limits.ts';
import type { Networks } from '../networks.ts';
import { unreachable } from '../rails/exact/funds.ts';
import type { Log } from '../rails/exact/sender.ts';
import type { Reservation } from '../reservation.ts';
import { addCarrier } from '../store.ts';
import type { Drawing } from './draw.ts';
import type { NewTab } from './store.ts';
import type { Tab, TabState } from './tab.ts';

/** Money that comes with a call, by an EIP-3009 authorization whose nonce binds it to the tab. */
export type Incoming = {
  asset: Address;
  payer: Address;
  amount: bigint;
  nonce: Hex;
  /** Whether the payer's own key has signed; otherwise only a contract could have. */
  isKeySigned: boolean;
  errand: Errand;
};

export type Intake = ReturnType<typeof openIntake>;

/** Brings what a payer puts aside with a call to the chain before the call runs: nothing runs on money that is not there. */
export function openIntake({
  database,
  ledger,
  drawing,
  networks,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  ledger: Ledger;
  drawing: Drawing;
  networks: Networks;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  /** By the nonce of the authorization: the same money is sent for once, however often it is presented. */
  const underWay = new Map<Hex, Promise<'mined' | 'refused'>>();

  function send(reservation: Reservation, { asset, payer, nonce, errand }: Incoming): Promise<'mined' | 'refused'> {
    const known = underWay.get(nonce);
    if (known) return known;
    const network = networks.get(reservation.network);
    const sending = network
      .inSlot(async () => {
        if (await authorizationState(network.chain.client, { asset, payer, nonce })) return 'mined';
        const save = (carrier: Parameters<typeof addCarrier>[2]) => database.transaction((db) => addCarrier(db, reservation.id, carrier));
        const { kind } = await carry({ errand, carriers: [], network, save, limits, now, log, signal });
        return kind;
      })
      .catch((error: unknown) => {
        throw unreachable(reservation.network, error);
      })
      .finally(() => underWay.delete(nonce));
    underWay.set(nonce, sending);
    return sending;
  }

  const patience = () => new Promise<'pending'>((resolve) => setTimeout(resolve, limits.answerWithinMs, 'pending').unref());

  return {
    /**
     * Whether it may come to anything, before anything is written for it: the payer holds the money, and could have signed; or it has come
     * already. Errors: `payment_unavailable`.
     */
    async isPromising(network: string, { asset, payer, amount, nonce, isKeySigned }: Incoming): Promise<boolean> {
      const { client } = networks.get(network).chain;
      try {
        const [isUsed, balance, code] = await Promise.all([
          authorizationState(client, { asset, payer, nonce }),
          balanceOf(client, { asset, holder: payer }),
          isKeySigned ? undefined : getCode(client, { address: payer }),
        ]);
        return isUsed || (balance >= amount && (isKeySigned || code !== undefined));
      } catch (error) {
        throw unreachable(network, error);
      }
    },

    /** Errors: `payment_unavailable`, and `refused` when the money did not come or `isGood` says no; then the call is released. */
    async takeIn(
      reservation: Reservation,
      incoming: Incoming,
      {
        tab,
        read,
        isGood,
        refused,
      }: { tab: NewTab; read: () => Promise<TabState>; isGood: (tab: Tab) => boolean; refused: () => PaymentError },
    ): Promise<void> {
      try {
        const sent = await Promise.race([send(reservation, incoming), patience()]);
        if (sent === 'pending')
          throw new PaymentError(
            'payment_unavailable',
            'The deposit is on its way to the chain, which is slow now. Send the same request with the same payment again in a moment.',
          );
        if (!isGood(await drawing.refresh(tab, read))) throw refused();
      } catch (error) {
        await ledger.release(reservation.id, 'reserved', 'deposit_failed');
        throw error;
      }
    },
  };
}
