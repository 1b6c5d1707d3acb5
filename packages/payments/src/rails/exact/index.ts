import type { Database } from '@freehold/database';
import { parseUnits, type Address, type Offer, type SettleResponse, type Token } from '@freehold/protocol';
import type { Admission, PaidCall } from '../../call.ts';
import { PaymentError } from '../../error.ts';
import type { RemoteFacilitator } from '../../facilitator/remote.ts';
import { askFacilitator, settleRemote } from '../../facilitator/settle-remote.ts';
import { assertSameRequest, type Ledger } from '../../ledger.ts';
import type { Limits } from '../../limits.ts';
import type { Networks } from '../../networks.ts';
import type { Rail } from '../../rail.ts';
import type { Reservation } from '../../reservation.ts';
import { carriersOf, findReservation, type Carrier, type NewReservation } from '../../store.ts';
import { badSignature, readFunds } from './funds.ts';
import { exactRequirements } from './requirements.ts';
import type { Log } from './sender.ts';
import { settleExact, type Ending } from './settle.ts';
import { verifyExact, type Recover, type Verified } from './verify.ts';

/** One EIP-3009 authorization per call: held while the work is done, and carried to the chain when its result is stored. */
export function openExactRail({
  database,
  ledger,
  networks,
  tokens,
  recover,
  resume,
  facilitator,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  ledger: Ledger;
  networks: Networks;
  /** The tokens that this node takes on the chains it is connected to. */
  tokens: readonly Token[];
  recover: Recover;
  /** Goes on with a reservation that was found again. */
  resume: (reservation: Reservation) => Promise<Admission>;
  /** Who carries payments to the chain; this node itself, where there is none. */
  facilitator: RemoteFacilitator | undefined;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}): Rail {
  async function admit(verified: Verified, { offer, offerId, taskId, requestHash }: Omit<PaidCall, 'header'>): Promise<Admission> {
    const { authorization, requirement, signature } = verified;
    const key = keyOf(verified);
    const existing = await findReservation(database.read, key);
    if (existing && existing.state !== 'released' && existing.state !== 'unpaid') {
      if (!verified.isKeySigned && existing.signature !== signature) throw badSignature();
      assertSameRequest(existing, { offerId, requestHash });
      return resume(existing);
    }
    if (existing) assertSameRequest(existing, { offerId, requestHash });
    assertTime(verified, existing?.state === 'unpaid' ? 0 : offer.limits.wallMs + limits.settleMarginMs);

    const cap = parseUnits(limits.perPayer, tokenOf(key).decimals);
    const wanted = (reservedAt: number): NewReservation => ({
      ...key,
      scheme: 'exact',
      payTo: authorization.to,
      amount: BigInt(authorization.value),
      validAfter: authorization.validAfter,
      validBefore: authorization.validBefore,
      signature,
      offerId,
      taskId,
      requestHash,
      reservedAt,
      isUpfront: requirement.extra['paymentFlow'] === 'upfront',
      meter: undefined,
      tab: undefined,
    });
    for (let attempt = 1; ; attempt++) {
      const balanceAt = now();
      const balance = await readFunds({ chain: networks.get(requirement.network).chain, verified });
      if (facilitator && !existing) await askFacilitator({ facilitator, verified, token: tokenOf(key), signal });
      if (existing?.state === 'unpaid') return retryUnpaid(existing, balance);
      try {
        const { isNew, reservation } = await ledger.reserve(wanted(now()), { balance, balanceAt, cap, openLimit: limits.openPerPayer });
        if (isNew) return { kind: 'reserved', reservation: reservation.isUpfront ? await prepay(reservation) : reservation };
        assertSameRequest(reservation, { offerId, requestHash });
        return resume(reservation);
      } catch (error) {
        // A payment that was settled while the balance was read is counted twice; a second look has it right.
        if (attempt === 2 || !(error instanceof PaymentError && error.code === 'payment_exposure')) throw error;
      }
    }
  }

  /** Moves the money before the work is done. It waits for the chain as long as that takes: what was sent cannot be called back. */
  async function prepay(reservation: Reservation): Promise<Reservation> {
    const { id } = reservation;
    const state = reservation.state === 'executing' ? 'executing' : 'reserved';
    const ending = await carryIt(reservation, (carrier) => ledger.carryUpfront(id, carrier));
    if (ending.kind === 'settled') return ledger.prepaid(id, state, ending.transaction);
    await ledger.release(id, state, ending.reason);
    throw new PaymentError('payment_invalid', 'The money could not be moved, so nothing was begun. Does the wallet hold the price?', {
      errorReason: ending.reason,
    });
  }

  async function carryIt(reservation: Reservation, save: (carrier: Carrier) => Promise<void>): Promise<Ending> {
    const { chain, sender, inSlot } = networks.get(reservation.network);
    const carriers = await carriersOf(database.read, reservation.id);
    const common = { chain, limits, now, log, signal };
    return inSlot(() =>
      facilitator
        ? settleRemote({ ...common, transfer: reservation, token: tokenOf(reservation), facilitator })
        : settleExact({ ...common, reservation, carriers, sender, save }),
    );
  }

  async function retryUnpaid(existing: Reservation, balance: bigint): Promise<Admission> {
    if (balance < existing.amount) {
      throw new PaymentError(
        'payment_unpaid',
        'The work is done and its result is kept, but the wallet does not hold the price. Put money in it and send the same request again.',
        { errorReason: 'insufficient_funds' },
      );
    }
    // Two callers may come at once; the one that is late finds it settling.
    const reservation = await ledger.retry(existing.id).catch(() => existing);
    return resume({ ...reservation, state: 'executed' });
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
        { errorReason: 'invalid_exact_evm_payload_authorization_valid_before' },
      );
    }
  }

  function tokenOf({ network, asset }: { network: string; asset: Address }): Token {
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token) throw new PaymentError('payment_unavailable', 'This node does not take that token any more.');
    return token;
  }

  return {
    scheme: 'exact',
    requirements: (offer: Offer) => exactRequirements({ offer, tokens, limits }),
    present({ payload, extensions, requirement, offerId }) {
      const verified = verifyExact({ payload, extensions, requirement, tokens, offerId, recover });
      return {
        key: keyOf(verified),
        isProven: verified.isKeySigned,
        validBefore: verified.authorization.validBefore,
        admit: (call) => admit(verified, call),
      };
    },
    executed: ({ id, isUpfront }, done) => (isUpfront ? ledger.delivered(id, done) : ledger.executed(id, done)),
    async abandon(reservation) {
      const { id, isUpfront, transaction } = reservation;
      const state = reservation.state === 'executing' ? 'executing' : 'reserved';
      // What was signed may be mined at any time: it is brought to its end, so that it is known what is owed.
      const isSent = transaction === undefined && (facilitator !== undefined || (await carriersOf(database.read, id)).length > 0);
      if (isUpfront && isSent) {
        const prepaid = await prepay(reservation).catch((error: unknown) => error);
        if (prepaid instanceof PaymentError) return;
        if (prepaid instanceof Error) throw prepaid;
      }
      await ledger.release(id, state, 'node_restarted');
    },
    async settle(reservation) {
      if (reservation.state !== 'executed' && reservation.state !== 'settling') return;
      const { id } = reservation;
      let state: 'executed' | 'settling' = reservation.state;
      const ending = await carryIt(reservation, async (carrier) => {
        await ledger.carry({ ...reservation, state }, carrier);
        state = 'settling';
      });
      if (ending.kind === 'unpaid') await ledger.unpaid(id, state, ending.reason);
      else await ledger.settled(id, state, ending.transaction);
    },
    respond: async (reservation) => respond(reservation),
  };
}

function respond({ state, payer, network, amount, transaction, reason }: Reservation): SettleResponse {
  if (state === 'settled') return { success: true, payer, transaction: transaction ?? '', network, amount: String(amount) };
  return { success: false, errorReason: reason ?? 'unexpected_settle_error', payer, transaction: '', network };
}

const keyOf = ({ requirement, authorization }: Verified) => ({
  network: requirement.network,
  asset: requirement.asset as Address,
  payer: authorization.from,
  nonce: authorization.nonce,
});
