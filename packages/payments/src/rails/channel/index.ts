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
import type { Jobs } from '../../jobs/jobs.ts';
import type { Limits } from '../../limits.ts';
import type { Networks } from '../../networks.ts';
import type { Rail, Tender } from '../../rail.ts';
import { aboutTabs, type TabContract } from '../../tabs/claims.ts';
import type { Drawing } from '../../tabs/draw.ts';
import type { Incoming, Intake } from '../../tabs/intake.ts';
import type { Steps, Tabs } from '../../tabs/ledger.ts';
import { getTab, heldOn, setJob, type NewTab } from '../../tabs/store.ts';
import { noSignature, type Tab } from '../../tabs/tab.ts';
import { invalid } from '../../terms.ts';
import { unreachable } from '../exact/funds.ts';
import type { Signer } from '../exact/sender.ts';
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
  tabs,
  drawing,
  intake,
  jobs,
  networks,
  tokens,
  isPresent,
  recover,
  authorizer,
  limits,
  now,
}: {
  tabs: Tabs;
  drawing: Drawing;
  intake: Intake;
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
}): Rail & TabContract {
  const verify = openChannelVerifier({ recover });

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
    // Whoever names a key of his own as the authorizer may name anybody as the payer.
    const isProven = channel.config.payerAuthorizer === channel.config.payer;
    const common = { key, isProven, validBefore: forEver, admit: (call: Call) => admit(verified, requirement, call) };
    return payload.type === 'refund' ? { ...common, giveBack: () => giveBack(verified, requirement, payload.amount) } : common;
  }

  type Call = Parameters<Tender['admit']>[0];

  async function admit(verified: VerifiedVoucher, requirement: PaymentRequirements, call: Call): Promise<Admission> {
    const { channel, payload, cumulative, digest } = verified;
    if (payload.type === 'refund') throw invalid(channelErrors.refundFailed, 'It asks for money back, and buys nothing.');
    const { payTo, network, asset, amount } = requirement;
    const tab = tabOf(channel, network);
    const deposit = payload.type === 'deposit' ? payload.deposit : undefined;
    const incoming = deposit && incomingOf(channel, deposit, requirement);
    const refused = () =>
      invalid(
        channelErrors.depositFailed,
        'The chain refused its deposit. Does the wallet hold the money, and did it sign for this channel?',
      );
    if (incoming && !(await intake.isPromising(network, incoming))) throw refused();
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
          isUpfront: false,
          meter: meterOf(call.signed ?? call.offer, price),
          tab: { id: channel.id, cumulative, chargedAfter: undefined },
        },
        isInStep,
        incoming: incoming?.amount ?? 0n,
        refuse: (why, current, held) => refuse(why, current, held),
      },
      () => read(tab),
    );
    if (incoming && admission.kind === 'reserved') {
      await intake.takeIn(admission.reservation, incoming, {
        tab,
        read: () => read(tab),
        isGood: ({ balance, closingAt }) => balance >= cumulative && closingAt === undefined,
        refused,
      });
    }
    return admission;
  }

  function incomingOf(channel: Channel, deposit: ChannelDeposit, { network, asset }: PaymentRequirements): Incoming {
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token) throw invalid(channelErrors.token, 'This node does not take that token.');
    const { isKeySigned } = checkDeposit({ channel, deposit, token, collector, seconds: BigInt(Math.floor(now() / 1000)), recover });
    return {
      asset: token.asset,
      payer: channel.config.payer,
      amount: BigInt(deposit.amount),
      nonce: depositNonce({ channel, deposit }),
      isKeySigned,
      errand: depositErrand({ channel, deposit, contract, collector }),
    };
  }

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
    const job = await jobs.start({ network, kind: 'refund', ...errand, about: aboutTabs([tab]) }, async (db, id) => {
      const current = await getTab(db, tab.id);
      // Only as it was read: a call that began meanwhile comes first.
      if (!current || current.jobId !== undefined || current.charged !== tab.charged || (await heldOn(db, tab.id)).count > 0) return false;
      await setJob(db, tab.id, id);
      return true;
    });
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
      // No more than the channel still holds: a payer who has left has taken the rest.
      const claimable = given
        .map((tab) => ({ ...tab, charged: smaller(tab.charged, tab.balance) }))
        .filter((tab) => tab.charged > tab.claimed);
      const [first] = claimable;
      if (!first) return [];
      return [await claimChannels(claimable, contractOn(first.network))];
    },
  };
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

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
