import type { PaymentRequired, PaymentRequirements, Token } from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import { allows, remaining, sayAmount, sayBudgets, type Budget, type Preference } from './budget.ts';
import { plainText } from './plain-text.ts';
import { knownTokens } from './tokens.ts';

export type ChosenPayment = { requirement: PaymentRequirements; token: Token };

/**
 * Those of the seller's terms that are in a token known by its address, and allowed by the owner of the wallet. Each must be in one of
 * `schemes`. Errors: `payment_no_option`.
 */
export function payableTerms({
  required,
  preferences = [],
  tokens = knownTokens,
  schemes = ['exact'],
}: {
  required: PaymentRequired;
  preferences?: readonly Preference[];
  tokens?: readonly Token[];
  schemes?: readonly string[];
}): ChosenPayment[] {
  const possible = required.accepts.flatMap((requirement) => {
    const token = tokens.find(
      ({ network, asset }) => network === requirement.network && asset.toLowerCase() === requirement.asset.toLowerCase(),
    );
    const isPayable = schemes.includes(requirement.scheme) && /^0x[0-9a-fA-F]{40}$/.test(requirement.payTo);
    return isPayable && token && allows(preferences, token) ? [{ requirement, token }] : [];
  });
  if (possible.length > 0) return possible;
  const offered = required.accepts.map(({ scheme, asset, network }) => `${scheme} ${asset} on ${network}`).join('; ');
  throw new PaymentError(
    'payment_no_option',
    `No way to pay that is known and allowed here. The seller takes: ${plainText(offered) || 'nothing'}.`,
    {
      errorReason: 'unsupported_scheme',
    },
  );
}

/**
 * The first of the seller's terms that this wallet can meet (scheme `exact`, a token known by address) and its owner allows.
 * Without a budget nothing is paid. Errors: `payment_no_option`, `payment_over_budget`.
 */
export function choosePayment({
  budgets,
  ...terms
}: {
  required: PaymentRequired;
  budgets: readonly Budget[];
  preferences?: readonly Preference[];
  tokens?: readonly Token[];
}): ChosenPayment {
  const possible = payableTerms(terms);
  const payable = possible.find(({ requirement, token }) => {
    const most = remaining(budgets, token);
    return most !== undefined && BigInt(requirement.amount) <= most;
  });
  if (payable) return payable;
  throw overBudget(
    possible.map(({ requirement, token }) => ({ amount: BigInt(requirement.amount), token })),
    budgets,
  );
}

export function overBudget(prices: readonly { amount: bigint; token: Token }[], budgets: readonly Budget[], spent = ''): PaymentError {
  const said = [...new Set(prices.map(({ amount, token }) => sayAmount(amount, token)))].join(' or ');
  return new PaymentError(
    'payment_over_budget',
    `The price is ${said}, and you allow no more than ${sayBudgets(budgets)}${spent}. Raise it with --max to pay this.`,
  );
}
