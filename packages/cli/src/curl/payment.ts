import { decodePaymentRequired, formatUnits, type Address, type PaymentPayload, type PaymentRequired, type PaymentRequirements, type Token } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { requireKey } from '../key/read-key.ts';
import { openWallet } from '../key/wallet.ts';
import { defaultMaximum, parseBudget, parsePreferences } from './budget.ts';
import type { OwnOptions } from './command-line.ts';
import { exitCode } from './exit-code.ts';
import { choosePayment, createPayment } from './interim.ts';
import type { Destination } from './redirects.ts';
import type { Request } from './request.ts';
import { testChain, trustedTokens } from './tokens.ts';

/** A signed payment, ready to be sent. */
export type Payment = {
  payload: PaymentPayload;
  accepted: PaymentRequirements;
  required: PaymentRequired;
  token: Token;
  payer: Address;
  /** Where it goes to: nothing else may see it. */
  destination: Destination;
  /** "0.001 USDC", with "test" before the symbol for play money. */
  price: string;
};

const unsafe = (message: string, advice: string) => new CliError(message, { exitCode: exitCode.noOption, advice });

/**
 * Decides whether to pay, and signs. Undefined after a dry run. Nothing is signed before every question is answered.
 * Errors: CliError 120, 121, 122.
 */
export async function openPayment({
  demand,
  destination,
  request,
  own,
  context,
}: {
  /** The header that asks for payment. */
  demand: string;
  destination: Destination | undefined;
  request: Request;
  own: OwnOptions;
  context: Context;
}): Promise<Payment | undefined> {
  const required = readDemand(demand);
  if (!destination) throw unsafe('The URL cannot be understood, so nothing was paid.', 'Write it in full, with http:// or https://.');
  if (!destination.isSameOrigin) {
    throw unsafe(`The call was redirected to ${destination.url.origin}, and it is that server which asks for payment. Nothing was paid.`, `To pay it, call it yourself: freehold curl '${destination.url}'`);
  }
  if (destination.hops > 0 && (!destination.keptMethod || request.has('--get', '--url-query') || request.urlAt === undefined)) {
    throw unsafe('The call was redirected to another request than the one written here. Nothing was paid.', `To pay it, call it yourself: freehold curl '${destination.url}'`);
  }

  const tokens = await trustedTokens({ origin: destination.url.origin, needsTestToken: required.accepts.some(({ network }) => network === testChain), signal: context.signal });
  const limits = [...own.max, ...own.perCallMax].map(parseBudget);
  const choice = choosePayment({ required, tokens, budgets: limits.length > 0 ? limits : [{ amount: defaultMaximum }], pay: own.pay.flatMap(parsePreferences) });
  if (!choice.ok) {
    throw choice.reason === 'over_maximum'
      ? new CliError(`${choice.message}, more than allowed${limits.length === 0 ? ` (${defaultMaximum}.00 when --max is not given)` : ''}. Nothing was paid.`, {
          exitCode: exitCode.overMaximum,
          advice: 'To allow it, give a higher limit: freehold curl --max AMOUNT …',
        })
      : unsafe(`Nothing that is accepted here can be paid. ${choice.message}.`, own.pay.length > 0 ? 'Leave --pay out, or name a token that is accepted.' : 'Ask the seller for a price in USDC.');
  }

  const { accepted, token } = choice;
  const price = `${formatUnits(BigInt(accepted.amount), token.decimals)} ${token.network === testChain ? 'test ' : ''}${token.symbol}`;
  if (own.dryRun) {
    context.stderr.write(`freehold: would pay ${price} to ${accepted.payTo} on ${accepted.network}\n`);
    return undefined;
  }
  const wallet = openWallet(requireKey(own.key, context, exitCode.noKey));
  const payload = await createPayment({ accepted, token, required, wallet, now: context.now(), random: context.random });
  return { payload, accepted, required, token, payer: wallet.address, destination, price };
}

function readDemand(header: string): PaymentRequired {
  try {
    return decodePaymentRequired(header);
  } catch (cause) {
    throw new CliError('The answer asks for payment in a way that cannot be read (header PAYMENT-REQUIRED). Nothing was paid.', {
      exitCode: exitCode.noOption,
      advice: 'Ask the seller whether the service speaks x402 version 2.',
      cause,
    });
  }
}
