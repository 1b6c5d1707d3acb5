import { exactRail, openChainReader, openClientStore, openPurse, type ClientStore, type Purse } from '@freehold/payments';
import { toHex, zeroAddress } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { exitCode } from '../curl/exit-code.ts';
import { CliError } from '../error.ts';
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
  const wallet = key && openWallet(key);
  const account = wallet ?? {
    address: zeroAddress,
    signTypedData: async () => {
      throw noKey(context, exitCode.noKey);
    },
  };
  const store = openStore(context);
  const by = { account, now: context.now, randomBytes: context.random };
  const rails = [exactRail(by)].filter(({ scheme }) => settings.scheme === undefined || scheme === settings.scheme);
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
      wasUsed: openChainReader(settings.rpc).wasUsed,
      now: context.now,
    }),
    [Symbol.dispose]: () => store.close(),
  };
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
