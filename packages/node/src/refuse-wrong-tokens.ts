import { checkTokens, type ChainSettings } from '@freehold/payments';
import type { Token } from '@freehold/protocol';
import { ConfigError } from './error.ts';
import type { Log } from './log.ts';

/**
 * Holds the tokens of the settings against their chains before anything is sold. A chain that does not answer now is no reason not to
 * start: payments in a token whose domain is wrong are refused one by one, and cost nobody anything. Errors: `config_invalid`.
 */
export async function refuseWrongTokens({
  chains,
  tokens,
  now,
  log,
}: {
  chains: readonly ChainSettings[];
  tokens: readonly Token[];
  now: () => number;
  log: Log;
}): Promise<void> {
  for (const { token, check } of await checkTokens({ chains, tokens, now, log })) {
    if (check.kind === 'wrong') throw new ConfigError('config_invalid', 400, `${check.sentence} It stands in the payment settings.`);
    if (check.kind === 'unreachable') log('chain.unchecked', { network: token.network, message: check.message });
  }
}
