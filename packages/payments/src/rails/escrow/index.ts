import type { Database } from '@freehold/database';
import {
  escrowErrors,
  escrowScheme,
  toAddress,
  zeroAddress,
  type Address,
  type EscrowOpening,
  type Offer,
  type PaymentRequirements,
  type SettleResponse,
  type Token,
} from '@freehold/protocol';
import type { Admission } from '../../call.ts';
import { meterOf } from '../../charge.ts';
import { PaymentError } from '../../error.ts';
import type { Limits } from '../../limits.ts';
import type { Networks } from '../../networks.ts';
import type { Rail, Tender } from '../../rail.ts';
import type { TabContract } from '../../tabs/claims.ts';
import type { Drawing, Refusal } from '../../tabs/draw.ts';
import type { Incoming, Intake } from '../../tabs/intake.ts';
import type { Steps, Tabs } from '../../tabs/ledger.ts';
import { voucherUpTo, type NewTab } from '../../tabs/store.ts';
import { noSignature, type Tab, type TabState } from '../../tabs/tab.ts';
import { invalid } from '../../terms.ts';
import { unreachable } from '../exact/funds.ts';
import type { Recover } from '../exact/verify.ts';
import { openingOf, readGrant, settleErrands, termsOf, termsText, type Voucher } from './chain.ts';
import { openGrantVerifier, type GrantId, type VerifiedGrantVoucher } from './verify.ts';

/** The Escrow, and what pays several of its providers in one transaction where a chain has that. */
export type EscrowContracts = { escrow: Address; multicall3?: Address };

/**
 * Our own scheme `escrow`: a budget that a payer has reserved for a seller, and a cumulative voucher for each call, signed by the payer's key or a session key.
 * Several calls draw on it at a time, in any order; their payer signs ahead. A revoked grant pays for a day more, and is settled at once.
 */
export function openEscrowRail({
  database,
  tabs,
  drawing,
  intake,
  networks,
  tokens,
  contractsOn,
  recover,
  limits,
  now,
}: {
  database: Database;
  tabs: Tabs;
  drawing: Drawing;
  intake: Intake;
  networks: Networks;
  tokens: readonly Token[];
  /** Where the Escrow of a token is; undefined where it is not known to be. */
  contractsOn: (network: string, asset: Address) => EscrowContracts | undefined;
  recover: Recover;
  limits: Limits;
  now: () => number;
}): Rail & TabContract {
  const verify = openGrantVerifier({ recover, escrowOn: (network) => escrowOn(network) });

  /** Errors: `payment_unavailable`. */
  function escrowOn(network: string): Address {
    for (const token of tokens) {
      const contracts = token.network === network ? contractsOn(network, token.asset) : undefined;
      if (contracts) return contracts.escrow;
    }
    throw new PaymentError(
      'payment_unavailable',
      `The escrow on ${network} cannot be reached now. Send the same request again in a moment.`,
    );
  }

  function requirements(offer: Offer): PaymentRequirements[] {
    return offer.prices.flatMap(({ network, asset, amount, payTo }) => {
      const token = tokens.find((known) => known.network === network && known.asset === asset);
      const contracts = token && contractsOn(network, asset);
      if (!contracts || amount === '0') return [];
      const { name, version } = token.domain;
      const maxTimeoutSeconds = Math.ceil((offer.limits.wallMs + limits.settleMarginMs + limits.clientDelayMs) / 1000);
      const extra = { escrow: contracts.escrow, name, version };
      return [{ scheme: escrowScheme, network, amount, asset, payTo, maxTimeoutSeconds, extra }];
    });
  }

  async function read(network: string, grant: Omit<GrantId, 'id'>): Promise<TabState> {
    const { chain } = networks.get(network);
    return readGrant({ chain, escrow: escrowOn(network), grant, nowMs: now() }).catch((error: unknown) => {
      throw unreachable(network, error);
    });
  }

  function present({ payload, requirement }: Parameters<Rail['present']>[0]): Tender {
    const verified = verify(payload, requirement);
    const { grant, digest, signer } = verified;
    return {
      key: { network: requirement.network, asset: toAddress(requirement.asset), payer: grant.payer, nonce: digest },
      isProven: signer === grant.payer,
      validBefore: forEver,
      admit: (call) => admit(verified, requirement, call),
    };
  }

  async function admit(
    { grant, cumulative, signature, signer, digest, opening }: VerifiedGrantVoucher,
    { network, asset: givenAsset, amount }: PaymentRequirements,
    call: Parameters<Tender['admit']>[0],
  ): Promise<Admission> {
    const asset = toAddress(givenAsset);
    const incoming = opening && incomingOf(network, asset, grant, opening);
    const refused = () =>
      invalid(
        escrowErrors.openingFailed,
        'The chain refused to open its grant. Does the wallet hold the money, and did it sign these very terms?',
      );
    if (incoming && !(await intake.isPromising(network, incoming))) throw refused();
    const tab: NewTab = {
      id: grant.id,
      scheme: escrowScheme,
      network,
      asset,
      payer: grant.payer,
      payee: grant.provider,
      signer: opening && opening.signer !== zeroAddress ? opening.signer : grant.payer,
      terms: termsText(grant.epoch, BigInt(opening?.priceCap ?? '0')),
    };
    const assertMeant = (current: Pick<Tab, 'signer' | 'terms'>): void => {
      if (current.signer !== signer) throw invalid(escrowErrors.signature, 'Its voucher is not signed by the key that the grant names.');
      const { priceCap } = termsOf(current);
      if (BigInt(amount) > priceCap)
        throw invalid(escrowErrors.priceCap, `Its grant allows ${priceCap} atomic units for one call, and this one may come to ${amount}.`);
    };
    const isInStep: Steps = (step) => {
      assertMeant(step.tab);
      return covers(step);
    };
    const price = { network, asset, payTo: grant.provider };
    const admission = await drawing.draw(
      {
        tab,
        wanted: {
          ...price,
          payer: grant.payer,
          nonce: digest,
          scheme: escrowScheme,
          amount: BigInt(amount),
          validAfter: '0',
          validBefore: forEver,
          signature,
          offerId: call.offerId,
          taskId: call.taskId,
          requestHash: call.requestHash,
          reservedAt: now(),
          isUpfront: false,
          meter: meterOf(call.signed ?? call.offer, price),
          tab: { id: grant.id, cumulative, chargedAfter: undefined },
        },
        isInStep,
        incoming: BigInt(opening?.budget ?? '0'),
        refuse,
      },
      () => read(network, grant),
    );
    if (incoming && admission.kind === 'reserved') {
      await intake.takeIn(admission.reservation, incoming, {
        tab,
        read: () => read(network, grant),
        isGood(current) {
          assertMeant(current);
          return current.balance >= cumulative && current.closingAt === undefined;
        },
        refused,
      });
    }
    return admission;
  }

  function incomingOf(network: string, asset: Address, grant: GrantId, opening: EscrowOpening): Incoming {
    assertTimes(opening);
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token) throw invalid(escrowErrors.openingFailed, 'This node does not take that token.');
    return openingOf({ escrow: escrowOn(network), token, recover }, grant, opening);
  }

  function assertTimes({ validAfter, validBefore }: EscrowOpening): void {
    const seconds = BigInt(Math.floor(now() / 1000));
    if (BigInt(validAfter) >= seconds)
      throw invalid(escrowErrors.openingNotYet, 'The opening of its grant is not valid yet. Is the clock of the payer right?');
    if (BigInt(validBefore) < seconds + leastSeconds)
      throw invalid(escrowErrors.openingExpired, 'The opening of its grant expires before the chain could take it. Sign a new one.');
  }

  /** Never more than was charged: the contract pays a voucher in full, so the highest one within the charge is told. */
  async function claimable(tab: Tab): Promise<Voucher | undefined> {
    const best =
      tab.signed <= tab.charged && tab.signature !== noSignature ? { cumulative: tab.signed, signature: tab.signature } : undefined;
    const voucher = best ?? (await voucherUpTo(database.read, tab.id, tab.charged));
    if (!voucher || voucher.cumulative <= tab.claimed) return undefined;
    return { payer: tab.payer, epoch: termsOf(tab).epoch, ...voucher };
  }

  return {
    scheme: escrowScheme,
    requirements,
    present,
    executed: (reservation, done) => tabs.charge(reservation, done),
    async settle(reservation) {
      if (reservation.state === 'executed')
        throw new PaymentError('payment_state', 'What draws on a grant is charged when it is executed.');
    },
    async respond({ state, payer, network, amount, reason, tab }): Promise<SettleResponse> {
      if (state !== 'settled' || !tab)
        return { success: false, errorReason: reason ?? 'unexpected_settle_error', payer, transaction: '', network };
      const current = await tabs.get(tab.id);
      const extra = { chargedAmount: String(amount), ...(current && stateOf(current, tab.chargedAfter ?? 0n)) };
      return { success: true, payer, transaction: '', network, amount: String(amount), extra };
    },
    read: (tab) => read(tab.network, { payer: tab.payer, provider: tab.payee, epoch: termsOf(tab).epoch }),
    async claim(given) {
      const [first] = given;
      const contracts = first && contractsOn(first.network, first.asset);
      if (!contracts) return [];
      const vouchers = await Promise.all(given.map(async (tab) => ({ payee: tab.payee, voucher: await claimable(tab) })));
      const good = vouchers.flatMap(({ payee, voucher }) => (voucher ? [{ payee, voucher }] : []));
      const byProvider = Map.groupBy(good, ({ payee }) => payee);
      return settleErrands(contracts, new Map([...byProvider].map(([provider, ones]) => [provider, ones.map(({ voucher }) => voucher)])));
    },
  };
}

/** Vouchers do not expire. */
const forEver = String(2n ** 48n);
/** An opening must stay good for so long. */
const leastSeconds = 6n;
/** How many calls a payer may sign ahead. */
const windowCalls = 64n;

/** Everything charged and under way with this call is covered by the highest voucher, which may be this one or one that came before it. */
const covers: Steps = ({ cumulative, needed, amount, tab: { signed } }) =>
  (cumulative > signed ? cumulative : signed) >= needed && cumulative <= needed + amount * windowCalls;

const stateOf = (tab: Tab, charged: bigint) => ({
  epoch: termsOf(tab).epoch,
  charged: String(charged),
  signed: String(tab.signed),
  budget: String(tab.balance),
});

const refuse: Refusal = (why, tab, held) => {
  if (why === 'closing') return invalid(escrowErrors.closing, 'Its grant is revoked or closed. Open another one.');
  if (why === 'busy')
    return new PaymentError('payment_out_of_step', 'Too many calls draw on the grant at a time. Send the request again in a moment.', {
      errorReason: escrowErrors.busy,
    });
  const { scheme, network, asset, charged, balance } = tab;
  const message =
    why === 'beyond_balance'
      ? `The grant has a budget of ${balance} atomic units, and ${charged + held} are charged or under way. Raise it.`
      : `The grant has come to ${charged + held} atomic units; sign for the price on top of that.`;
  return new PaymentError('payment_out_of_step', message, {
    errorReason: why === 'beyond_balance' ? escrowErrors.budget : escrowErrors.outOfStep,
    correction: { scheme, network, asset, extra: stateOf(tab, charged + held) },
  });
};
