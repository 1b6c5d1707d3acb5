import { canonicalJson, type PaymentRequirements } from '@freehold/protocol';
import { PaymentError } from './error.ts';
import type { Presented } from './wire/read-payment.ts';

/** Which of the terms a payment accepts: exactly as they were given. Errors: `payment_invalid`. */
export function acceptedOf(requirements: readonly PaymentRequirements[], accepted: unknown): PaymentRequirements {
  // Clients send them back as they came; what was written anew is compared by what it says.
  const text = JSON.stringify(accepted);
  const requirement =
    requirements.find((ours) => JSON.stringify(ours) === text) ??
    requirements.find((ours) => canonicalJson(ours) === canonicalJson(accepted));
  if (requirement) return requirement;
  throw invalid(
    'invalid_payment_requirements',
    'It accepts terms that this function does not offer. Ask for the price again and pay that.',
  );
}

/** What binds a stock client's payment to a function, as far as anything does: what it says itself. Errors: `payment_invalid`. */
export function assertFor({ resource, extensions }: Presented, { url, offerId }: { url: string; offerId: string }): void {
  if (resource && pathOf(resource.url) !== pathOf(url))
    throw invalid('invalid_payload', `It was made for ${resource.url}, not for this function. Ask this one for its price.`);
  const info = fieldsOf(fieldsOf(extensions?.['freehold'])['info']);
  if ('offer' in info && info['offer'] !== offerId)
    throw invalid('invalid_payload', 'It was made for another function. Ask this one for its price.');
}

export const fieldsOf = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? { ...value } : {});

const pathOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).pathname : undefined);

export const invalid = (errorReason: string, what: string) =>
  new PaymentError('payment_invalid', `The payment is not for this call. ${what}`, { errorReason });
