import type { Database } from '@freehold/database';
import { authorizationState } from '@freehold/contracts';
import {
  channelContracts,
  channelErrors,
  channelScheme,
  toAddress,
  type ChannelDeposit,
  type Offer,
  type PaymentRequirements,
  type SettleResponse,
  type Token,
} from '@freehold/protocol';
import type { Admission } from '../../call.ts';
import { meterOf } from '../../charge.ts';
import { PaymentError } from '../../error.ts';
import { carry } from '../../jobs/carry.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Ledger } from '../../ledger.ts';
import type { Limits } from '../../limits.ts';
import type { Networks } from '../../networks.ts';
import type { Rail, Tender } from '../../rail.ts';
import type { Reservation } from '../../reservation.ts';
import { addCarrier } from '../../store.ts';
import { aboutClaims, type TabContract } from '../../tabs/claims.ts';
import type { Drawing } from '../../tabs/draw.ts';
import type { Steps, Tabs } from '../../tabs/ledger.ts';
import { getTab, heldOn, setJob, type NewTab } from '../../tabs/store.ts';
import { noSignature, type Tab } from '../../tabs/tab.ts';
import { invalid } from '../../terms.ts';
import { unreachable } from '../exact/funds.ts';
import type { Log, Signer } from '../exact/sender.ts';
import type { Recover } from '../exact/verify.ts';
import { readChannel } from './chain.ts';
import { claimChannels, refundChannel } from './claim.ts';
import { checkDeposit, depositErrand, depositNonce } from './deposit.ts';
import { channelRequirements } from './requirements.ts';
import { openChannelVerifier, type Channel, type VerifiedVoucher } from './verify.ts';

const contract = toAddress(channelContracts.settlement);
const collector = toAddress(channelContracts.erc3009Collector);

/**
 * x402 `batch-settlement`: money that is deposited once, and a cumulative voucher for each call. A deposit that comes with a call is on the chain before the
 * call runs, so nothing runs on money that is not there; a call that fails is charged nothing and leaves the deposit to its payer.
 */
export function openChannelRail({
  database,
  ledger,
  tabs,
  drawing,
  jobs,
  networks,
  tokens,
  isPresent,
  recover,
  authorizer,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  ledger: Ledger;
  tabs: Tabs;
  drawing: Drawing;
  jobs: Jobs;
  networks: Networks;
  tokens: readonly Token[];
  /** Whether the contract is known to be on a chain. */
  isPresent: (network: string) => boolean;
  recover: Recover;
  /** Claims for the sellers of this node, and refunds. Only to them and back to the payer can it move money; it must be the same after a restart. */
  authorizer: Signer;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}): Rail & TabContract {
  const verify = openChannelVerifier({ recover });
  /** By the nonce of the authorization: the same deposit is sent once, however often it is presented. */
  const deposits = new Map<string, Promise<'mined' | 'refused'>>();

  const requirements = (offer: Offer): PaymentRequirements[] =>
    channelRequirements({ offer, tokens: tokens.filter(({ network }) => isPresent(network)), authorizer: authorizer.address, limits });

  const contractOn = (network: string) => ({ address: contract, network, authorizer });

  async function read({ id, network }: Pick<Tab, 'id' | 'network'>) {
    const { chain } = networks.get(network);
    return readChannel({ chain, contract, id }).catch((error: unknown) => {
      throw unreachable(network, error);
    });
  }

  function present({ payload: given, requirement }: Parameters<Rail['present']>[0]): Tender {
    const verified = verify({ payload: given, requirement });
    const { channel, payload, digest } = verified;
    const key = { network: requirement.network, asset: channel.config.token, payer: channel.config.payer, nonce: digest };
    const common = { key, isProven: true, validBefore: forEver, admit: (call: Call) => admit(verified, requirement, call) };
    return payload.type === 'refund' ? { ...common, giveBack: () => giveBack(verified, requirement, payload.amount) } : common;
  }

  type Call = Parameters<Tender['admit']>[0];

  async function admit(verified: VerifiedVoucher, requirement: PaymentRequirements, call: Call): Promise<Admission> {
    const { channel, payload, cumulative, digest } = verified;
    if (payload.type === 'refund') throw invalid(channelErrors.refundFailed, 'It asks for money back, and buys nothing.');
    const { payTo, network, asset, amount } = requirement;
    const tab = tabOf(channel, network);
    const deposit = payload.type === 'deposit' ? payload.deposit : undefined;
    if (deposit) assertDeposit(channel, deposit, requirement);
    const price = { network, asset: toAddress(asset), payTo: toAddress(payTo) };
    const admission = await drawing.draw(
      {
        tab,
        wanted: {
          ...price,
          payer: channel.config.payer,
          nonce: digest,
          scheme: channelScheme,
          amount: BigInt(amount),
          validAfter: '0',
          validBefore: forEver,
          signature: payload.voucher.signature,
          offerId: call.offerId,
          taskId: call.taskId,
          requestHash: call.requestHash,
          reservedAt: now(),
          meter: meterOf(call.signed ?? call.offer, price),
          tab: { id: channel.id, cumulative, chargedAfter: undefined },
        },
        isInStep,
        incoming: BigInt(deposit?.amount ?? '0'),
        refuse: (why, current, held) => refuse(why, current, held),
      },
      () => read(tab),
    );
    if (deposit && admission.kind === 'reserved') await takeIn(admission.reservation, channel, deposit);
    return admission;
  }

  function assertDeposit(channel: Channel, deposit: ChannelDeposit, { network, asset }: PaymentRequirements): void {
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token) throw invalid(channelErrors.token, 'This node does not take that token.');
    checkDeposit({ channel, deposit, token, collector, seconds: BigInt(Math.floor(now() / 1000)), recover });
  }

  /** Brings the deposit of a held call to the chain; without it the call is released. */
  async function takeIn(reservation: Reservation, channel: Channel, deposit: ChannelDeposit): Promise<void> {
    const tab = tabOf(channel, reservation.network);
    try {
      const sent = await Promise.race([send(reservation, channel, deposit), patience()]);
      if (sent === 'pending')
        throw new PaymentError(
          'payment_unavailable',
          'The deposit is on its way to the chain, which is slow now. Send the same request with the same payment again in a moment.',
        );
      const current = await drawing.refresh(tab, () => read(tab));
      if (current.balance >= (reservation.tab?.cumulative ?? 0n) && current.closingAt === undefined) return;
      throw invalid(
        channelErrors.depositFailed,
        'The chain refused its deposit. Does the wallet hold the money, and did it sign for this channel?',
      );
    } catch (error) {
      await ledger.release(reservation.id, 'reserved', 'deposit_failed');
      throw error;
    }
  }

  function send(reservation: Reservation, channel: Channel, deposit: ChannelDeposit): Promise<'mined' | 'refused'> {
    const nonce = depositNonce({ channel, deposit });
    const known = deposits.get(nonce);
    if (known) return known;
    const network = networks.get(reservation.network);
    const sending = network
      .inSlot(async () => {
        if (await authorizationState(network.chain.client, { asset: channel.config.token, payer: channel.config.payer, nonce }))
          return 'mined';
        const { kind } = await carry({
          errand: depositErrand({ channel, deposit, contract, collector }),
          carriers: [],
          network,
          save: (carrier) => database.transaction((db) => addCarrier(db, reservation.id, carrier)),
          limits,
          now,
          log,
          signal,
        });
        return kind;
      })
      .catch((error: unknown) => {
        throw unreachable(reservation.network, error);
      })
      .finally(() => deposits.delete(nonce));
    deposits.set(nonce, sending);
    return sending;
  }

  const patience = () => new Promise<'pending'>((resolve) => setTimeout(resolve, limits.answerWithinMs, 'pending').unref());

  /** The payer wants back what was not charged: all of it, or `wanted`. */
  async function giveBack(
    { channel, cumulative }: VerifiedVoucher,
    { network }: PaymentRequirements,
    wanted: string | undefined,
  ): Promise<SettleResponse> {
    const fresh = tabOf(channel, network);
    const tab = await drawing.refresh(fresh, () => read(fresh));
    if (cumulative !== tab.charged) throw refuse('out_of_step', tab, 0n);
    const left = tab.balance - tab.charged;
    const amount = wanted === undefined ? left : BigInt(wanted);
    if (left <= 0n) throw invalid(channelErrors.noBalance, 'Its channel holds nothing that was not charged.');
    if (amount <= 0n || amount > left) throw invalid(channelErrors.refundAmount, `Of its channel ${left} atomic units can be given back.`);
    const errand = await refundChannel(tab, amount, contractOn(network));
    const job = await jobs.start(
      { network, kind: 'refund', ...errand, about: aboutClaims([{ id: tab.id, claimed: tab.charged }]) },
      async (db, id) => {
        const current = await getTab(db, tab.id);
        // Only as it was read: a call that began meanwhile comes first.
        if (!current || current.jobId !== undefined || current.charged !== tab.charged || (await heldOn(db, tab.id)).count > 0)
          return false;
        await setJob(db, tab.id, id);
        return true;
      },
    );
    if (!job) throw refuse('busy', tab, 0n);
    const after = await drawing.refresh(fresh, () => read(fresh));
    if (job.state !== 'done') throw invalid(channelErrors.refundFailed, 'The chain refused to give the money of its channel back.');
    return {
      success: true,
      payer: tab.payer,
      transaction: job.transaction ?? '',
      network,
      amount: String(amount),
      extra: { channelState: stateOf(after, after.charged) },
    };
  }

  return {
    scheme: channelScheme,
    requirements,
    present,
    executed: (reservation, done) => tabs.charge(reservation, done),
    async settle(reservation) {
      if (reservation.state === 'executed')
        throw new PaymentError('payment_state', 'What draws on a channel is charged when it is executed.');
    },
    async respond({ state, payer, network, amount, reason, tab }): Promise<SettleResponse> {
      if (state !== 'settled' || !tab)
        return { success: false, errorReason: reason ?? 'unexpected_settle_error', payer, transaction: '', network };
      const current = await tabs.get(tab.id);
      const charged = tab.chargedAfter ?? 0n;
      const channelState = current && stateOf(current, charged);
      return {
        success: true,
        payer,
        transaction: '',
        network,
        amount: String(amount),
        extra: { chargedAmount: String(amount), ...(channelState && { channelState }) },
      };
    },
    read,
    async claim(given) {
      const [first] = given;
      const claims = given.map(({ id, charged }) => ({ id, claimed: charged }));
      if (!first) throw new TypeError('A claim is of one channel at least');
      return { errand: await claimChannels(given, contractOn(first.network)), claims };
    },
  };
}

/** Vouchers do not expire. */
const forEver = String(2n ** 48n);

/**
 * A voucher covers everything so far and this call. It may go beyond by what calls before it were held for and did not come to: their payer could
 * not know that when he signed.
 */
const isInStep: Steps = ({ cumulative, needed, amount, tab: { signed } }) =>
  cumulative >= needed && cumulative <= (needed > signed + amount ? needed : signed + amount);

const tabOf = ({ id, config }: Channel, network: string): NewTab => ({
  id,
  scheme: channelScheme,
  network,
  asset: config.token,
  payer: config.payer,
  payee: config.receiver,
  signer: config.payerAuthorizer,
  terms: JSON.stringify(config),
});

const stateOf = ({ id, balance, claimed, closingAt, refundNonce }: Tab, charged: bigint) => ({
  channelId: id,
  balance: String(balance),
  totalClaimed: String(claimed),
  withdrawRequestedAt: Math.floor((closingAt ?? 0) / 1000),
  refundNonce: String(refundNonce),
  chargedCumulativeAmount: String(charged),
});

function refuse(why: 'out_of_step' | 'beyond_balance' | 'closing' | 'busy', tab: Tab, held: bigint): PaymentError {
  if (why === 'closing')
    return invalid(
      channelErrors.exceedsBalance,
      'Its channel is being emptied by its payer. Open another one (another salt), or wait until that is over.',
    );
  if (why === 'busy')
    return new PaymentError(
      'payment_out_of_step',
      'The channel is busy with other calls, or with a refund. Send the request again in a moment.',
      {
        errorReason: channelErrors.busy,
      },
    );
  const { scheme, network, asset, signed, signature, charged } = tab;
  const extra = {
    channelState: stateOf(tab, charged + held),
    ...(signature !== noSignature && { voucherState: { signedMaxClaimable: String(signed), signature } }),
  };
  return new PaymentError(
    'payment_out_of_step',
    `The channel has come to ${charged + held} of ${tab.balance} atomic units; sign for the price on top of that.`,
    {
      errorReason: channelErrors.mismatch,
      correction: { scheme, network, asset, extra },
    },
  );
}
