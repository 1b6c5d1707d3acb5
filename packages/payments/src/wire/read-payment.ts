import { paymentPayload, paymentPayloadV1, termsOfV1, type PaymentPayload, type PaymentRequirements } from '@freehold/protocol';
import { PaymentError } from '../error.ts';

/** A payment as it is held against the terms, whichever version of x402 it came in. */
export type Presented = Pick<PaymentPayload, 'payload' | 'resource' | 'extensions'> & {
  /** The terms that it says it takes: as they came, unknown fields included. */
  accepted: unknown;
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A payment is 1 to 2 KB; what is longer is not one. */
const maxHeaderLength = 16_384;

/**
 * Reads what came in PAYMENT-SIGNATURE (version 2) or X-PAYMENT (version 1): the version is the one that is written in it. Version 2
 * echoes the terms; version 1 names scheme and network alone, so it is read once for each of our terms that it may mean.
 *
 * Errors: `payment_malformed`, `payment_invalid`.
 */
export function readPayment(header: string, requirements: readonly PaymentRequirements[]): [Presented, ...Presented[]] {
  const value = readJson(header);
  if (value['x402Version'] === 1) return readV1(value, requirements);
  if (value['x402Version'] !== 2) throw malformed('its x402Version is neither 2 nor 1');
  const { payload, resource, extensions } = parse(paymentPayload, value);
  return [{ payload, resource, extensions, accepted: value['accepted'] }];
}

function readV1(value: unknown, requirements: readonly PaymentRequirements[]): [Presented, ...Presented[]] {
  const v1 = parse(paymentPayloadV1, value);
  const [first, ...others] = termsOfV1(v1, requirements).map((accepted): Presented => ({
    payload: v1.payload,
    resource: undefined,
    extensions: undefined,
    accepted,
  }));
  if (first) return [first, ...others];
  const isKnown = requirements.some(({ scheme }) => scheme === v1.scheme);
  throw new PaymentError(
    'payment_invalid',
    `The payment is not for this call. It pays by ${v1.scheme} on ${v1.network}, which this function does not take. Ask for the price again and pay that.`,
    { errorReason: isKnown ? 'invalid_network' : 'unsupported_scheme' },
  );
}

function readJson(header: string): Record<string, unknown> {
  if (header.length > maxHeaderLength) throw malformed('it is longer than any payment');
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(Buffer.from(header, 'base64')));
  } catch (cause) {
    throw malformed('it is not base64 of JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('it is not a JSON object');
  return { ...value };
}

type Issues = Error & { issues: readonly { path: PropertyKey[]; message: string }[] };
type Schema<Output> = { safeParse(value: unknown): { success: true; data: Output } | { success: false; error: Issues } };

export function parse<Output>(schema: Schema<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw malformed(describe(parsed.error), parsed.error);
  return parsed.data;
}

function describe({ issues }: Issues): string {
  const first = issues[0];
  return first ? `${first.path.map(String).join('.') || 'it'} ${first.message}` : 'it has the wrong form';
}

const malformed = (what: string, cause?: unknown) =>
  new PaymentError('payment_malformed', `The payment header cannot be read: ${what}.`, { errorReason: 'invalid_payload', cause });
