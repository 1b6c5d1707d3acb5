import { formatUnits, type PaymentRequired, type PaymentRequirements, type Token } from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import { allows, budgetFor, type Budget, type Preference } from './budget.ts';
import { knownTokens } from './tokens.ts';

export type ChosenPayment = { requirement: PaymentRequirements; token: Token };

/**
 * The first of the seller's terms that this wallet can meet (scheme `exact`, a token known by address) and its owner allows.
 * Without a budget nothing is paid. Errors: `payment_no_option`, `payment_over_budget`.
 */
export function choosePayment({
  required,
  budgets,
  preferences = [],
  tokens = knownTokens,
}: {
  required: PaymentRequired;
  budgets: readonly Budget[];
  preferences?: readonly Preference[];
  tokens?: readonly Token[];
}): ChosenPayment {
  const possible = required.accepts.flatMap((requirement) => {
    const token = tokens.find(
      ({ network, asset }) => network === requirement.network && asset.toLowerCase() === requirement.asset.toLowerCase(),
    );
    return requirement.scheme === 'exact' && token && allows(preferences, token) ? [{ requirement, token }] : [];
  });
  if (possible.length === 0) {
    const offered = required.accepts.map(({ scheme, asset, network }) => `${scheme} ${asset} on ${network}`).join('; ');
    throw new PaymentError(
      'payment_no_option',
      `No way to pay that is known and allowed here. The seller takes: ${offered || 'nothing'}.`,
      {
        errorReason: 'unsupported_scheme',
      },
    );
  }
  const payable = possible.find(({ requirement, token }) => {
    const most = budgetFor(budgets, token);
    return most !== undefined && BigInt(requirement.amount) <= most;
  });
  if (payable) return payable;
  const prices = possible
    .map(({ requirement, token }) => `${formatUnits(BigInt(requirement.amount), token.decimals)} ${token.symbol}`)
    .join(' or ');
  throw new PaymentError(
    'payment_over_budget',
    `The price is ${prices}, and you allow no more than ${sayBudgets(budgets)}. Raise it with --max to pay this.`,
  );
}

const sayBudgets = (budgets: readonly Budget[]) =>
  budgets
    .map(
      ({ amount, symbol, network }) =>
        `${amount}${symbol === undefined ? '' : ` ${symbol}`}${network === undefined ? '' : ` on ${network}`}`,
    )
    .join(', ') || 'nothing';
