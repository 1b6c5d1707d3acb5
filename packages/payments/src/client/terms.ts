import {
  decodePaymentRequired,
  networkOfV1,
  paymentRequired,
  paymentRequiredHeader,
  paymentRequiredV1,
  type PaymentRequired,
  type PaymentRequiredV1,
} from '@freehold/protocol';
import { PaymentError } from '../error.ts';

/** What a seller asks for, as version 2 has it; `version` is the one that the seller speaks. */
export type Terms = {
  version: 1 | 2;
  required: PaymentRequired;
  /** Version 1 has names for networks: what the seller calls each. */
  networkNamesV1: ReadonlyMap<string, string>;
};

/** The body of a 402 is read up to here. */
export const mostTermsBytes = 1024 * 1024;

/**
 * The terms of an answer 402: the header PAYMENT-REQUIRED of version 2, else a JSON body of either version. Undefined when it asks for
 * nothing that x402 knows. Errors: `terms_malformed`.
 */
export function readTerms({ header, body, url }: { header: string | undefined; body: string; url: string }): Terms | undefined {
  if (header !== undefined) {
    try {
      return asTerms(decodePaymentRequired(header));
    } catch (cause) {
      throw malformed(`header ${paymentRequiredHeader.toUpperCase()}`, cause);
    }
  }
  const value = objectOf(body);
  if (value?.['x402Version'] === 2 && Array.isArray(value['accepts'])) {
    const parsed = paymentRequired.safeParse(value);
    if (!parsed.success) throw malformed('body', parsed.error);
    return asTerms(parsed.data);
  }
  if (value?.['x402Version'] !== 1 || !Array.isArray(value['accepts'])) return undefined;
  const parsed = paymentRequiredV1.safeParse(value);
  if (!parsed.success) throw malformed('body', parsed.error);
  return ofVersion1(parsed.data, url);
}

const asTerms = (required: PaymentRequired): Terms => ({ version: 2, required, networkNamesV1: new Map() });

/** The same terms in the words of version 2. A network without a name that is known stays as it is, and cannot be paid on. */
function ofVersion1({ accepts, error }: PaymentRequiredV1, url: string): Terms {
  const networkNamesV1 = new Map<string, string>();
  const requirements = accepts.map(({ scheme, network, maxAmountRequired, payTo, maxTimeoutSeconds, asset, extra }) => {
    const caip2 = networkOfV1(network) ?? network;
    networkNamesV1.set(caip2, network);
    return { scheme, network: caip2, amount: maxAmountRequired, asset, payTo, maxTimeoutSeconds, extra: extra ?? {} };
  });
  const [first] = accepts;
  return {
    version: 1,
    networkNamesV1,
    required: {
      x402Version: 2,
      ...(error && { error }),
      resource: {
        url: first?.resource ?? url,
        ...(first?.description && { description: first.description }),
        ...(first?.mimeType && { mimeType: first.mimeType }),
      },
      accepts: requirements,
    },
  };
}

function objectOf(body: string): Record<string, unknown> | undefined {
  if (!body.trimStart().startsWith('{') || body.length > mostTermsBytes) return undefined;
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

const malformed = (where: string, cause: unknown) =>
  new PaymentError('terms_malformed', `The answer asks for payment in a way that cannot be read (${where}).`, { cause });
