import { deploymentsFor, escrowAbi, escrowOpenNonce } from '@freehold/contracts';
import {
  address,
  bytes32,
  escrowErrors,
  escrowScheme,
  escrowVoucherTypedData,
  hashTypedData,
  receiveAuthorizationTypedData,
  toAddress,
  toHex,
  zeroAddress,
  type Address,
  type Hex,
  type PaymentRequired,
  type PaymentRequirements,
  type Token,
} from '@freehold/protocol';
import { readContract } from 'viem/actions';
import { z } from 'zod';
import type { ChainReader } from '../chain.ts';
import type { Account } from '../exact.ts';
import type { Locks } from '../lock.ts';
import { conclusionOf, type Answer, type ClientRail, type Conclusion, type Signed } from '../rail.ts';
import type { ChannelStore } from '../store.ts';

/** How many calls a budget is for when nobody says. */
const callsPerBudget = 10n;
/** An opening is good for so long at most. */
const longestSeconds = 3_600;
/** A call whose end was never told counts as under way for so long: longer than any call, and no longer than the seller holds its price. */
const underWayMs = 15 * 60_000;

const amount = z.string().regex(/^\d+$/).transform(BigInt);

/** What a payer knows of a grant. Amounts in atomic units, cumulative within the epoch. */
const grantState = z.object({
  network: z.string(),
  escrow: address,
  token: address,
  symbol: z.string(),
  decimals: z.number(),
  payer: address,
  provider: address,
  /** Whose vouchers count; the zero address for the payer's own. */
  signer: address,
  /** Where it is used. */
  url: z.string(),
  epoch: z.number().int(),
  budget: amount,
  priceCap: amount,
  charged: amount,
  /** The highest voucher that may have left. */
  signed: amount,
  /** True while an opening left and its end is not known. */
  isUnsure: z.boolean(),
  /** True when nothing is known of what was signed: until the seller has taken a voucher, it knows better. */
  isLost: z.boolean(),
  underWay: z.array(z.object({ id: bytes32, amount, until: z.number() })),
});
export type GrantState = z.output<typeof grantState>;

export const grantKind = 'grant';

export const readGrantState = (text: string): GrantState => grantState.parse(JSON.parse(text));

const save = (channels: ChannelStore, id: Hex, state: GrantState, at: number): Promise<void> => {
  const text = JSON.stringify(state, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return channels.put(id, { kind: grantKind, payer: state.payer, state: text, at });
};

export type GrantRailOptions = {
  account: Account;
  /**
   * A key that signs vouchers in the place of the wallet's, made again from the same name whenever it is needed, so that it is nowhere kept.
   * Without it the wallet signs every call.
   */
  sessionKey?: (name: string) => Account;
  channels: ChannelStore;
  locks: Locks;
  chain: ChainReader;
  /** What a budget is to be, in atomic units of the token; else ten calls. */
  budget?: (token: Token) => bigint | undefined;
  /** Whether this seller was paid before: then a grant is worth its budget. */
  isRegular?: (payTo: Address) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  now: () => number;
  randomBytes: (count: number) => Uint8Array;
};

/**
 * The rail of Freehold's scheme `escrow`: a budget reserved for one seller by one signature, which the seller brings to the chain, then a
 * cumulative voucher for each call by a session key. Several calls of several processes are under way at a time: each signs for all of them.
 * Only the contract whose code we know is paid into.
 */
export function grantRail(options: GrantRailOptions): ClientRail {
  const { account, channels, locks, chain, now } = options;

  async function stateOf(id: Hex, fresh: GrantState): Promise<GrantState> {
    const stored = await channels.get(id);
    const known = stored === undefined ? undefined : readGrantState(stored);
    if (known && !known.isUnsure) return known;
    const onChain = await readGrant(chain, fresh);
    if (!onChain) return known ?? fresh;
    const isSame = known?.epoch === onChain.epoch;
    const charged = isSame && known.charged > onChain.spent ? known.charged : onChain.spent;
    const { epoch, budget, priceCap, signer } = onChain;
    return { ...(isSame ? known : fresh), epoch, budget, priceCap, charged, isUnsure: false, ...(budget > 0n && { signer }) };
  }

  return {
    scheme: escrowScheme,
    async plan({ required, requirement, token }) {
      const escrow = deploymentsFor(token.asset).escrow.address;
      const named = address.safeParse(requirement.extra['escrow']);
      const provider = address.safeParse(requirement.payTo);
      if (!named.success || named.data !== escrow || !provider.success || provider.data === account.address) return undefined;
      const { network } = requirement;
      const session = options.sessionKey?.(`freehold/escrow/${network}/${escrow}/${provider.data}`);
      const signer = session?.address ?? zeroAddress;
      const fresh: GrantState = {
        network,
        escrow,
        token: token.asset,
        symbol: token.symbol,
        decimals: token.decimals,
        payer: account.address,
        provider: provider.data,
        signer,
        url: required.resource.url,
        epoch: 0,
        budget: 0n,
        priceCap: 0n,
        charged: 0n,
        signed: 0n,
        isUnsure: false,
        isLost: true,
        underWay: [],
      };
      const id = grantIdOf(fresh);
      const price = BigInt(requirement.amount);
      const stepOf = (state: GrantState) => {
        const underWay = state.underWay.filter(({ until }) => until > now());
        const cumulative = underWay.reduce((sum, call) => sum + call.amount, state.charged + price);
        const missing = cumulative > state.budget ? cumulative - state.budget : 0n;
        const mustOpen = missing > 0n || price > state.priceCap;
        const asked = options.budget?.(token) ?? price * callsPerBudget;
        const least = missing > 0n ? missing : 1n;
        return { underWay, cumulative, least: mustOpen ? least : 0n, wanted: mustOpen ? (asked > least ? asked : least) : 0n };
      };
      const planned = await stateOf(id, fresh);
      // Opened with another key, by another program: that one has to use it.
      if (planned.budget > 0n && planned.signer !== signer) return undefined;
      const { wanted } = stepOf(planned);
      const isUsed = planned.budget > 0n || ((await options.isRegular?.(provider.data)) ?? false);
      return {
        scheme: escrowScheme,
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
            const { underWay, cumulative, least, wanted: most } = stepOf(state);
            if (least > mostDeposit) {
              held[Symbol.dispose]();
              return undefined;
            }
            const rise = most > mostDeposit ? mostDeposit : most;
            const call = { id: toHex(options.randomBytes(32)), amount: price, until: now() + underWayMs };
            const next: GrantState = {
              ...state,
              signed: cumulative > state.signed ? cumulative : state.signed,
              underWay: [...underWay, call],
              isUnsure: rise > 0n,
            };
            return await signCall({
              id,
              state,
              next,
              call: call.id,
              cumulative,
              rise,
              price,
              requirement,
              token,
              session: session ?? account,
              held,
            });
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
    next,
    call,
    cumulative,
    rise,
    price,
    requirement,
    token,
    session,
    held,
  }: {
    id: Hex;
    state: GrantState;
    next: GrantState;
    call: Hex;
    cumulative: bigint;
    rise: bigint;
    price: bigint;
    requirement: PaymentRequirements;
    token: Token;
    session: Account;
    held: Disposable;
  }): Promise<Signed> {
    const { payer, provider, epoch, network, escrow } = state;
    const voucher = { payer, provider, epoch, cumulative: String(cumulative) };
    const signature = await session.signTypedData(escrowVoucherTypedData(network, escrow, voucher));
    const terms = { budget: state.budget + rise, priceCap: price > state.priceCap ? price : state.priceCap };
    const opening = rise > 0n ? await signOpening({ state, rise, ...terms, requirement, token }) : undefined;
    return {
      payload: { ...voucher, signature, ...(opening && { opening }) },
      extensions: {},
      reference: id,
      expiresAt: undefined,
      supersedes: ['refused'],
      deposit: rise,
      async commit() {
        await save(channels, id, next, now());
        // Others may go on; whoever opens keeps them waiting, for they rely on what it opens.
        if (!opening) held[Symbol.dispose]();
      },
      conclude: (answer) => conclude(answer, { id, call, price, opened: opening ? terms : undefined }),
      release: () => held[Symbol.dispose](),
    };
  }

  async function signOpening({
    state: { payer, provider, signer, escrow },
    rise,
    budget,
    priceCap,
    requirement,
    token,
  }: {
    state: GrantState;
    rise: bigint;
    budget: bigint;
    priceCap: bigint;
    requirement: PaymentRequirements;
    token: Token;
  }) {
    const salt = toHex(options.randomBytes(32));
    const validBefore = String(Math.floor(now() / 1000) + Math.floor(Math.min(requirement.maxTimeoutSeconds, longestSeconds)));
    const message = {
      from: payer,
      to: escrow,
      value: String(rise),
      validAfter: '0',
      validBefore,
      nonce: escrowOpenNonce({ payer, provider, priceCap, budget, signer, salt }),
    };
    const signature = await account.signTypedData(
      receiveAuthorizationTypedData({ message, asset: token.asset, caip2: token.network, domain: token.domain }),
    );
    return {
      priceCap: String(priceCap),
      budget: String(budget),
      signer,
      amount: String(rise),
      validAfter: '0',
      validBefore,
      salt,
      signature,
    };
  }

  async function conclude(
    answer: Answer,
    { id, call, price, opened }: { id: Hex; call: Hex; price: bigint; opened: { budget: bigint; priceCap: bigint } | undefined },
  ): Promise<Conclusion> {
    const common = conclusionOf(answer, price) ?? {
      kind: 'refused' as const,
      charged: price,
      reason: `it answered ${answer.status} without a settlement`,
    };
    using held = opened ? undefined : await locks.lock(id);
    const stored = await channels.get(id);
    if (stored === undefined || (!opened && !held)) return common;
    const state = readGrantState(stored);
    const underWay = state.underWay.filter((each) => each.id !== call);
    if (common.kind === 'paid' || common.kind === 'free') {
      const told = progress.safeParse(answer.settlement?.extra);
      const isOurs = told.success && told.data.epoch === state.epoch && told.data.charged <= state.signed;
      const counted = isOurs && told.data.charged > state.charged ? told.data.charged : state.charged + (isOurs ? 0n : common.charged);
      await save(
        channels,
        id,
        { ...state, ...opened, charged: counted, isUnsure: opened ? false : state.isUnsure, isLost: false, underWay },
        now(),
      );
      return common;
    }
    const corrected = answer.demand && correctionOf(answer.demand, state, price);
    await save(channels, id, { ...state, ...corrected, underWay }, now());
    return corrected ? { kind: 'again', charged: 0n, reason: 'what was known of the grant was old' } : common;
  }

  /**
   * What the seller says of the grant. It cannot have charged more than was signed; of a grant whose state was lost it is believed, for it
   * could take the whole budget anyway.
   */
  function correctionOf({ error, accepts }: PaymentRequired, state: GrantState, price: bigint): Partial<GrantState> | undefined {
    if (error === undefined || !correctable.some((word) => error.includes(word))) return undefined;
    const own = accepts.find(
      ({ scheme, network, payTo }) => scheme === escrowScheme && network === state.network && toAddress(payTo) === state.provider,
    );
    const told = progress.safeParse(own?.extra);
    if (!told.success) return undefined;
    const { epoch, charged, budget, signed } = told.data;
    const isLost = state.isLost || epoch !== state.epoch;
    if (!isLost && charged > state.signed) return undefined;
    // It looks at the price first, so the grant allows this one.
    const priceCap = state.priceCap > price ? state.priceCap : price;
    const highest = isLost || signed > state.signed ? signed : state.signed;
    return { epoch, charged, signed: highest, budget, priceCap, isUnsure: false };
  }
}

const correctable: readonly string[] = [escrowErrors.outOfStep, escrowErrors.budget];

const progress = z.object({ epoch: z.number().int(), charged: amount, signed: amount.default(0n), budget: amount });

/** The same for every epoch. */
export const grantIdOf = ({ network, escrow, payer, provider }: Pick<GrantState, 'network' | 'escrow' | 'payer' | 'provider'>): Hex =>
  toHex(hashTypedData(escrowVoucherTypedData(network, escrow, { payer, provider, epoch: 0, cumulative: '0' })));

/** What the chain says; undefined where nobody can be asked, or does not answer. */
export async function readGrant(
  chain: ChainReader,
  { network, escrow, payer, provider }: Pick<GrantState, 'network' | 'escrow' | 'payer' | 'provider'>,
) {
  const client = chain.client(network);
  if (!client) return undefined;
  const read = await readContract(client, {
    address: escrow,
    abi: escrowAbi,
    functionName: 'grant',
    args: [payer, provider],
  }).catch(() => undefined);
  return read && { ...read, signer: toAddress(read.signer) };
}
