import { batchSettlementAbi } from '@freehold/contracts';
import {
  channelConfig,
  channelContracts,
  channelErrors,
  channelScheme,
  channelTypedData,
  channelVoucherTypedData,
  hashTypedData,
  receiveAuthorizationTypedData,
  toAddress,
  toHex,
  withdrawDelays,
  zeroAddress,
  type Address,
  type ChannelConfig,
  type Hex,
  type PaymentRequired,
  type PaymentRequirements,
  type Token,
} from '@freehold/protocol';
import { concat, keccak256, recoverAddress } from 'viem';
import { readContract } from 'viem/actions';
import { z } from 'zod';
import type { ChainReader } from '../chain.ts';
import type { Account } from '../exact.ts';
import type { Locks } from '../lock.ts';
import { conclusionOf, type Answer, type ClientRail, type Conclusion, type Signed } from '../rail.ts';
import type { ChannelStore } from '../store.ts';

/** A deposit cannot be had back sooner than this against the will of the seller; one who asks for more is not given any. */
const longestDelaySeconds = 7 * 24 * 3_600;
/** How many calls a deposit is for when nobody says. */
const callsPerDeposit = 10n;
/** An authorization of a deposit is good for so long at most. */
const longestSeconds = 3_600;

const amount = z.string().regex(/^\d+$/).transform(BigInt);

/** What a payer knows of a channel. Amounts in atomic units, all of them cumulative but the balance. */
const channelState = z.object({
  network: z.string(),
  config: channelConfig,
  symbol: z.string(),
  decimals: z.number(),
  /** Where it is used: a refund is asked for there. */
  url: z.string(),
  /** All that was ever deposited, less what was refunded. */
  balance: amount,
  charged: amount,
  /** The highest voucher that may have left. */
  signed: amount,
});
export type ChannelState = z.output<typeof channelState>;

export const channelKind = 'channel';

export const readChannelState = (text: string): ChannelState => channelState.parse(JSON.parse(text));
const textOf = (state: ChannelState): string =>
  JSON.stringify(state, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

export const saveChannel = (channels: ChannelStore, id: Hex, state: ChannelState, at: number): Promise<void> =>
  channels.put(id, { kind: channelKind, payer: state.config.payer, state: textOf(state), at });

export type ChannelRailOptions = {
  account: Account;
  channels: ChannelStore;
  locks: Locks;
  chain: ChainReader;
  /** What a deposit is to be, in atomic units of the token; else what the seller asks for, or ten calls. */
  deposit?: (token: Token) => bigint | undefined;
  /** Whether this seller was paid before: then a channel is worth its deposit. */
  isRegular?: (payTo: Address) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  now: () => number;
  randomBytes: (count: number) => Uint8Array;
};

/**
 * The rail of x402 `batch-settlement`: one deposit, which the seller brings to the chain, then a voucher for each call. A channel carries one
 * call at a time, so it is locked from the voucher to its answer, in all processes; and what was signed is on the disk before it leaves. A
 * state that was lost comes back from the chain, and from the seller's own correction when that shows our signature.
 */
export function channelRail(options: ChannelRailOptions): ClientRail {
  const { account, channels, locks, chain, now } = options;

  async function stateOf(id: Hex, fresh: Omit<ChannelState, 'balance' | 'charged' | 'signed'>): Promise<ChannelState> {
    const stored = await channels.get(id);
    if (stored !== undefined) return readChannelState(stored);
    const onChain = await readChannel(chain, fresh.network, id);
    return { ...fresh, balance: onChain?.balance ?? 0n, charged: onChain?.claimed ?? 0n, signed: onChain?.claimed ?? 0n };
  }

  return {
    scheme: channelScheme,
    async plan({ required, requirement, token }) {
      const config = configOf(requirement, account.address);
      if (!config) return undefined;
      const id = channelIdOf(requirement.network, config);
      const price = BigInt(requirement.amount);
      const { network } = requirement;
      const fresh = { network, config, symbol: token.symbol, decimals: token.decimals, url: required.resource.url };
      const depositFor = (state: ChannelState): { least: bigint; wanted: bigint } => {
        const missing = state.charged + price - state.balance;
        if (missing <= 0n) return { least: 0n, wanted: 0n };
        const announced = digits(requirement.extra['minDeposit']);
        const least = announced !== undefined && announced > missing ? announced : missing;
        const asked = options.deposit?.(token) ?? announced ?? price * callsPerDeposit;
        return { least, wanted: asked > least ? asked : least };
      };
      const planned = await stateOf(id, fresh);
      const { wanted } = depositFor(planned);
      const isUsed = planned.balance > 0n || ((await options.isRegular?.(config.receiver)) ?? false);
      return {
        scheme: channelScheme,
        requirement,
        token,
        amount: price,
        deposit: wanted,
        rank: isUsed ? 0 : 2,
        async sign({ mostDeposit }) {
          const held = await locks.lock(id);
          if (!held) return undefined;
          try {
            const state = { ...(await stateOf(id, fresh)), url: fresh.url };
            const { least, wanted: most } = depositFor(state);
            if (least > mostDeposit) {
              held[Symbol.dispose]();
              return undefined;
            }
            const deposit = most > mostDeposit ? mostDeposit : most;
            return await signCall({ id, state, price, deposit, requirement, token, held });
          } catch (error) {
            held[Symbol.dispose]();
            throw error;
          }
        },
      };
    },
  };

  async function signCall({
    id,
    state,
    price,
    deposit,
    requirement,
    token,
    held,
  }: {
    id: Hex;
    state: ChannelState;
    price: bigint;
    deposit: bigint;
    requirement: PaymentRequirements;
    token: Token;
    held: Disposable;
  }): Promise<Signed> {
    const most = state.charged + price;
    const voucher = await signVoucher(account, { network: state.network, id, most });
    const shared = { channelConfig: state.config, voucher };
    const payload =
      deposit === 0n
        ? { type: 'voucher', ...shared }
        : { type: 'deposit', ...shared, deposit: await signDeposit({ id, deposit, requirement, token }) };
    return {
      payload,
      extensions: {},
      reference: id,
      expiresAt: undefined,
      // One call at a time: what came before is over.
      supersedes: ['sent', 'refused'],
      deposit,
      commit: () => saveChannel(channels, id, { ...state, signed: most > state.signed ? most : state.signed }, now()),
      conclude: (answer) => conclude(answer, { id, state, most, price, deposit }),
      release: () => held[Symbol.dispose](),
    };
  }

  async function signDeposit({
    id,
    deposit,
    requirement,
    token,
  }: {
    id: Hex;
    deposit: bigint;
    requirement: PaymentRequirements;
    token: Token;
  }) {
    const salt = toHex(options.randomBytes(32));
    const seconds = Math.floor(Math.min(requirement.maxTimeoutSeconds, longestSeconds));
    const validBefore = String(Math.floor(now() / 1000) + seconds);
    const message = {
      from: account.address,
      to: toAddress(channelContracts.erc3009Collector),
      value: String(deposit),
      validAfter: '0',
      validBefore,
      nonce: keccak256(concat([id, salt])),
    };
    const signature = await account.signTypedData(
      receiveAuthorizationTypedData({ message, asset: token.asset, caip2: token.network, domain: token.domain }),
    );
    return { amount: String(deposit), authorization: { erc3009Authorization: { validAfter: '0', validBefore, salt, signature } } };
  }

  async function conclude(
    answer: Answer,
    { id, state, most, price, deposit }: { id: Hex; state: ChannelState; most: bigint; price: bigint; deposit: bigint },
  ): Promise<Conclusion> {
    const common = conclusionOf(answer, price) ?? {
      kind: 'refused' as const,
      charged: price,
      reason: `it answered ${answer.status} without a settlement`,
    };
    const signed = most > state.signed ? most : state.signed;
    if (common.kind === 'paid' || common.kind === 'free') {
      const next = { ...state, signed, charged: state.charged + common.charged, balance: state.balance + deposit };
      await saveChannel(channels, id, next, now());
      return common;
    }
    const corrected = answer.demand && (await correctionOf(answer.demand, { id, state }));
    if (!corrected) return common;
    await saveChannel(channels, id, { ...state, ...corrected }, now());
    return { kind: 'again', charged: 0n, reason: 'what was known of the channel was old' };
  }

  /** What the seller says of the channel, when that holds: it shows a voucher of ours, or the chain says the same. */
  async function correctionOf(
    { error, accepts }: PaymentRequired,
    { id, state }: { id: Hex; state: ChannelState },
  ): Promise<Pick<ChannelState, 'balance' | 'charged' | 'signed'> | undefined> {
    if (error === undefined || !correctable.has(error)) return undefined;
    const own = accepts.find(
      (each) => each.scheme === channelScheme && each.network === state.network && sameConfig(each, state.config, account.address),
    );
    const told = correction.safeParse(own?.extra);
    const onChain = await readChannel(chain, state.network, id);
    if (told.success) {
      const { channelState: seen, voucherState: voucher } = told.data;
      const digest = toHex(
        hashTypedData(channelVoucherTypedData(state.network, { channelId: id, maxClaimableAmount: String(voucher.signedMaxClaimable) })),
      );
      const signer = await recoverAddress({ hash: digest, signature: voucher.signature }).catch(() => undefined);
      const isOurs = signer !== undefined && toAddress(signer) === state.config.payerAuthorizer;
      const { chargedCumulativeAmount: charged } = seen;
      if (!isOurs || charged > voucher.signedMaxClaimable || (onChain && charged < onChain.claimed)) return undefined;
      const signed = voucher.signedMaxClaimable > state.signed ? voucher.signedMaxClaimable : state.signed;
      return { charged, signed, balance: onChain?.balance ?? seen.balance ?? state.balance };
    }
    // It shows no voucher, so it can claim none: the chain alone counts.
    return onChain && { charged: onChain.claimed, signed: state.signed, balance: onChain.balance };
  }
}

/** After these a seller knows better than we. */
const correctable = new Set<string>([
  channelErrors.mismatch,
  channelErrors.exceedsBalance,
  'invalid_batch_settlement_evm_cumulative_below_claimed',
  channelErrors.noChannel,
]);

const correction = z.object({
  channelState: z.object({ chargedCumulativeAmount: amount, balance: amount.optional() }),
  voucherState: z.object({
    signedMaxClaimable: amount,
    signature: z
      .string()
      .regex(/^0x[0-9a-fA-F]{130}$/)
      .transform((text) => text as Hex),
  }),
});

export const channelIdOf = (network: string, config: ChannelConfig): Hex => toHex(hashTypedData(channelTypedData(network, config)));

/** The channel that these terms speak of; undefined when they are none that this wallet takes. */
export function configOf({ extra, payTo, asset }: PaymentRequirements, payer: Address): ChannelConfig | undefined {
  const { receiverAuthorizer, withdrawDelay = withdrawDelays.least, assetTransferMethod = 'eip3009' } = extra;
  const parsed = channelConfig.safeParse({
    payer,
    payerAuthorizer: payer,
    receiver: payTo,
    receiverAuthorizer,
    token: asset,
    withdrawDelay,
    // Always the same, so that a channel is found again by whoever lost what he knew of it.
    salt: `0x${'00'.repeat(32)}`,
  });
  if (!parsed.success || assetTransferMethod !== 'eip3009') return undefined;
  const { withdrawDelay: delay, receiverAuthorizer: authorizer } = parsed.data;
  const isGood = delay >= withdrawDelays.least && delay <= longestDelaySeconds && authorizer !== zeroAddress;
  return isGood ? parsed.data : undefined;
}

const sameConfig = (requirement: PaymentRequirements, config: ChannelConfig, payer: Address): boolean => {
  const other = configOf(requirement, payer);
  return other !== undefined && channelIdOf(requirement.network, other) === channelIdOf(requirement.network, config);
};

export async function signVoucher(account: Account, { network, id, most }: { network: string; id: Hex; most: bigint }) {
  const voucher = { channelId: id, maxClaimableAmount: String(most) };
  return { ...voucher, signature: await account.signTypedData(channelVoucherTypedData(network, voucher)) };
}

/** What the chain says; undefined where nobody can be asked, or does not answer: then the seller's correction has to do. */
export async function readChannel(chain: ChainReader, network: string, id: Hex): Promise<{ balance: bigint; claimed: bigint } | undefined> {
  const client = chain.client(network);
  if (!client) return undefined;
  const address = toAddress(channelContracts.settlement);
  const read = await readContract(client, { address, abi: batchSettlementAbi, functionName: 'channels', args: [id] }).catch(
    () => undefined,
  );
  return read && { balance: read[0], claimed: read[1] };
}

const digits = (value: unknown): bigint | undefined => (typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value) : undefined);
