import { dirname, join } from 'node:path';
import {
  channelRail,
  exactRail,
  grantRail,
  openChainReader,
  openClientStore,
  openFileLocks,
  openPurse,
  type ChainReader,
  type ClientStore,
  type Locks,
  type Purse,
} from '@freehold/payments';
import { parseUnits, toHex, zeroAddress, type Address, type Token } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { exitCode } from '../curl/exit-code.ts';
import { CliError, usageError } from '../error.ts';
import { derivedKey } from '../key/derived-key.ts';
import { readKey } from '../key/read-key.ts';
import { noKey } from '../key/require-key.ts';
import { openWallet } from '../key/wallet.ts';
import type { PayOptions } from './options.ts';
import { readPaySettings, type PaySettings } from './settings.ts';

export type PayingWallet = Disposable & { purse: Purse; settings: PaySettings; store: ClientStore };

/** The money of a person, as a command may spend it: key, limits, ledger. A missing key is told when something is to be signed. Errors: CliError. */
export async function openPayingWallet(own: PayOptions, context: Context): Promise<PayingWallet> {
  const settings = readPaySettings(own, context);
  const key = await readKey(own.key, context);
  const account = (key && openWallet(key)) ?? {
    address: zeroAddress,
    signTypedData: async () => {
      throw noKey(context, exitCode.noKey);
    },
  };
  const store = openStore(context);
  const chain = openChainReader(settings.rpc);
  const by = { account, now: context.now, randomBytes: context.random };
  const tabs = {
    ...by,
    channels: store.channels,
    locks: openLocks(context),
    chain,
    deposit: (token: Token) => depositOf(settings.deposit, token),
    isRegular: async (payTo: Address) => (await store.list({ payTo, limit: regularCalls })).length === regularCalls,
  };
  const rails = [
    exactRail(by),
    grantRail({ ...tabs, budget: tabs.deposit, ...(key && { sessionKey: (name: string) => openWallet(derivedKey(key, name)) }) }),
    channelRail(tabs),
  ].filter(({ scheme }) => settings.scheme === undefined || scheme === settings.scheme);
  return {
    settings,
    store,
    purse: openPurse({
      payer: account.address,
      rails,
      ledger: store,
      session: settings.session ?? `run-${toHex(context.random(8)).slice(2)}`,
      max: settings.max,
      perCallMax: settings.perCallMax,
      preferences: settings.preferences,
      tokens: settings.tokens,
      wasUsed: chain.wasUsed,
      now: context.now,
    }),
    [Symbol.dispose]: () => store.close(),
  };
}

/** A seller who was paid so often is likely to be paid again. */
const regularCalls = 2;

function depositOf(deposit: string | undefined, token: Token): bigint | undefined {
  try {
    return deposit === undefined ? undefined : parseUnits(deposit, token.decimals);
  } catch (cause) {
    throw usageError(`--deposit ${deposit} is not an amount.`, cause instanceof Error ? cause.message : undefined);
  }
}

/** Locks of channels, beside the file that says what they hold. */
export const openLocks = ({ settings }: Pick<Context, 'settings'>): Locks => openFileLocks(join(dirname(settings.wallet), 'locks'));

/** What a command needs that deals with channels themselves. Errors: CliError. */
export function openBooks(context: Context): Disposable & { settings: PaySettings; store: ClientStore; locks: Locks; chain: ChainReader } {
  const settings = readPaySettings({ key: undefined, pay: [], max: [], perCallMax: [], dryRun: false }, context);
  const store = openStore(context);
  return { settings, store, locks: openLocks(context), chain: openChainReader(settings.rpc), [Symbol.dispose]: () => store.close() };
}

/** Errors: CliError. */
export function openStore({ settings }: Pick<Context, 'settings'>): ClientStore {
  try {
    return openClientStore(settings.wallet);
  } catch (cause) {
    throw new CliError(`${settings.wallet} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'It says what was paid, so nothing is paid without it. Check that it is yours and that its disk has room.',
      cause,
    });
  }
}
