import { PaymentError, plainText, readTerms, type OutgoingPayment, type Quote, type Terms } from '@freehold/payments';
import { chainIdOf, formatUnits, type Token } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import type { PayingWallet } from '../pay/open-wallet.ts';
import type { PayOptions } from '../pay/options.ts';
import { exitCode } from './exit-code.ts';
import type { Destination } from './redirects.ts';
import type { Request } from './request.ts';

/** The chain id that development chains have by custom, and the one inside a node: its money is play money. */
const testChainId = 31_337;

/** A signed payment, ready to be sent. */
export type Payment = {
  outgoing: OutgoingPayment;
  terms: Terms;
  /** Where it goes to: nothing else may see it. */
  destination: Destination;
  /** "0.001 USDC", with "test" before the symbol for play money. */
  price: string;
};

const unsafe = (message: string, advice: string) => new CliError(message, { exitCode: exitCode.noOption, advice });

/** Where a payment for this request may go. Errors: CliError 122 when it is nowhere. */
export function safeDestination(destination: Destination | undefined, request: Request | undefined): Destination {
  if (!destination) throw unsafe('The URL cannot be understood, so nothing was paid.', 'Write it in full, with http:// or https://.');
  if (!destination.isSameOrigin) {
    throw unsafe(
      `The call was redirected to ${destination.url.origin}, and it is that server which asks for payment. Nothing was paid.`,
      `To pay it, call it yourself: freehold curl '${destination.url}'`,
    );
  }
  if (destination.hops > 0 && (!destination.keptMethod || !request || request.has('--get', '--url-query') || request.urlAt === undefined)) {
    throw unsafe(
      'The call was redirected to another request than the one written here. Nothing was paid.',
      `To pay it, call it yourself: freehold curl '${destination.url}'`,
    );
  }
  return destination;
}

/**
 * Chooses within the limits, writes it into the ledger and signs. Undefined after a dry run.
 * Errors: CliError 2, 120, 121, 122.
 */
export async function signPayment({
  terms,
  destination,
  method,
  own,
  wallet,
  context,
  command,
}: {
  terms: Terms;
  destination: Destination;
  method: string;
  own: PayOptions;
  wallet: PayingWallet;
  context: Context;
  /** What the person called, for advice. */
  command: string;
}): Promise<Payment | undefined> {
  try {
    if (own.dryRun) {
      context.stderr.write(sayQuote(await wallet.purse.quote(terms), terms, wallet));
      return undefined;
    }
    const outgoing = await wallet.purse.pay({ terms, url: destination.url.href, method });
    return { outgoing, terms, destination, price: priceOf(outgoing.amount, outgoing.token) };
  } catch (error) {
    throw explained(error, { own, command });
  }
}

/** What a dry run prints: the price in whole tokens and atomic units, to whom, where, how, and what the limits leave. */
function sayQuote({ requirement, token, scheme, amount, deposit, left }: Quote, { required }: Terms, { settings }: PayingWallet): string {
  const isTest = chainIdOf(token.network) === testChainId;
  const network = Object.entries(settings.networks).find(([, id]) => id === token.network)?.[0];
  return [
    `freehold: would pay ${priceOf(amount, token)} to ${requirement.payTo} on ${token.network}${network === undefined ? '' : ` (${network})`}`,
    `          ${amount} atomic units of ${token.asset}, by ${scheme}${deposit > 0n ? ` with a deposit of ${priceOf(deposit, token)}` : ''}`,
    `          for ${plainText(required.resource.url)}${required.resource.description ? ` (${plainText(required.resource.description)})` : ''}`,
    `          ${settings.session === undefined ? 'your limit' : `session "${settings.session}"`} leaves ${priceOf(left - amount, token)} after it${isTest ? '; test money' : ''}`,
    '',
  ].join('\n');
}

export const priceOf = (amount: bigint, token: Pick<Token, 'decimals' | 'network' | 'symbol'>): string =>
  `${formatUnits(amount, token.decimals)} ${chainIdOf(token.network) === testChainId ? 'test ' : ''}${token.symbol}`;

function explained(error: unknown, { own, command }: { own: PayOptions; command: string }): unknown {
  if (!(error instanceof PaymentError)) return error;
  const { code, message } = error;
  if (code === 'budget_malformed') return usageError(message, `${command} --help`);
  if (code === 'payment_over_budget') {
    return new CliError(`${message} Nothing was paid.`, {
      exitCode: exitCode.overMaximum,
      advice: `To allow it: ${command} --max AMOUNT …`,
      cause: error,
    });
  }
  return unsafe(
    `${message} Nothing was paid.`,
    own.pay.length > 0 || own.scheme !== undefined
      ? 'Leave --pay and --scheme out, or name what is accepted.'
      : 'Ask the seller for a price in USDC.',
  );
}

/** The terms of a 402, or undefined when it asks for nothing that x402 knows. Errors: CliError 122. */
export function readDemand(demand: { header: string | undefined; body?: string; url: string }): Terms | undefined {
  try {
    return readTerms({ body: '', ...demand });
  } catch (cause) {
    throw new CliError(`${cause instanceof PaymentError ? cause.message : 'The terms cannot be read.'} Nothing was paid.`, {
      exitCode: exitCode.noOption,
      advice: 'Ask the seller whether the service speaks x402.',
      cause,
    });
  }
}
