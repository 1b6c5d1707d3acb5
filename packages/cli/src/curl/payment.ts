import {
  choosePayment,
  createPayment,
  parseBudgets,
  parsePreferences,
  PaymentError,
  type Budget,
  type ChosenPayment,
} from '@freehold/payments';
import { chainIdOf, decodePaymentRequired, formatUnits, type Address, type PaymentRequired } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { requireKey } from '../key/read-key.ts';
import { openWallet } from '../key/wallet.ts';
import type { OwnOptions } from './command-line.ts';
import { exitCode } from './exit-code.ts';
import type { Destination } from './redirects.ts';
import type { Request } from './request.ts';

/** What is paid without asking when no limit is given: one whole token. */
const defaultBudgets: readonly Budget[] = [{ amount: '1' }];
/** The chain id that development chains have by custom, and the one inside a node: its money is play money. */
const testChainId = 31_337;

/** A signed payment, ready to be sent. */
export type Payment = {
  /** The value of PAYMENT-SIGNATURE. */
  header: string;
  chosen: ChosenPayment;
  required: PaymentRequired;
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
    throw unsafe(
      `The call was redirected to ${destination.url.origin}, and it is that server which asks for payment. Nothing was paid.`,
      `To pay it, call it yourself: freehold curl '${destination.url}'`,
    );
  }
  if (destination.hops > 0 && (!destination.keptMethod || request.has('--get', '--url-query') || request.urlAt === undefined)) {
    throw unsafe(
      'The call was redirected to another request than the one written here. Nothing was paid.',
      `To pay it, call it yourself: freehold curl '${destination.url}'`,
    );
  }

  return signPayment({ required, destination, own, context, command: 'freehold curl' });
}

/** Chooses within the limits and signs. Undefined after a dry run. Errors: CliError 2, 120, 121, 122. */
export async function signPayment({
  required,
  destination,
  own,
  context,
  command,
}: {
  required: PaymentRequired;
  destination: Destination;
  own: Pick<OwnOptions, 'key' | 'pay' | 'max' | 'perCallMax' | 'dryRun'>;
  context: Context;
  /** What the person called, for advice. */
  command: string;
}): Promise<Payment | undefined> {
  const chosen = choose({ required, own, command });
  const { requirement, token } = chosen;
  const price = `${formatUnits(BigInt(requirement.amount), token.decimals)} ${chainIdOf(token.network) === testChainId ? 'test ' : ''}${token.symbol}`;
  if (own.dryRun) {
    context.stderr.write(`freehold: would pay ${price} to ${requirement.payTo} on ${requirement.network}\n`);
    return undefined;
  }
  const account = openWallet(requireKey(own.key, context, exitCode.noKey));
  const header = await createPayment({ required, chosen, account, now: context.now, randomBytes: context.random });
  return { header, chosen, required, payer: account.address, destination, price };
}

/** `--max` and `--per-call-max` must both allow it. Errors: CliError 2, 121, 122. */
function choose({
  required,
  own,
  command,
}: {
  required: PaymentRequired;
  own: Pick<OwnOptions, 'pay' | 'max' | 'perCallMax'>;
  command: string;
}): ChosenPayment {
  try {
    const preferences = own.pay.flatMap(parsePreferences);
    const [max, perCallMax] = [own.max, own.perCallMax].map((texts) => texts.flatMap(parseBudgets));
    const chosen = choosePayment({ required, preferences, budgets: max?.length ? max : perCallMax?.length ? perCallMax : defaultBudgets });
    return perCallMax?.length ? choosePayment({ required: { ...required, accepts: [chosen.requirement] }, budgets: perCallMax }) : chosen;
  } catch (error) {
    if (!(error instanceof PaymentError)) throw error;
    const { code, message } = error;
    if (code === 'budget_malformed') throw usageError(message, `${command} --help`);
    if (code === 'payment_over_budget') {
      throw new CliError(`${message} Nothing was paid.`, {
        exitCode: exitCode.overMaximum,
        advice: `To allow it: ${command} --max AMOUNT …`,
        cause: error,
      });
    }
    throw unsafe(
      `${message} Nothing was paid.`,
      own.pay.length > 0 ? 'Leave --pay out, or name a token that is accepted.' : 'Ask the seller for a price in USDC.',
    );
  }
}

/** The terms in a header. Errors: CliError 122. */
export function readDemand(header: string): PaymentRequired {
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
