import type { Requirement } from './requirement.ts';

/** How payments are spoken of on the wire, carried to chains, and accounted for. */
export default [
  {
    id: 'payments.wire.v1',
    source: 'issues/5',
    behaviour:
      'A client of x402 version 1 pays with X-PAYMENT and is told with X-PAYMENT-RESPONSE; its payment is the same record in the ledger as one of version 2',
  },
  {
    id: 'payments.wire.one-answer',
    source: 'issues/5',
    behaviour:
      'One 402 answer says the terms to everybody: a header for version 2, a body with terms for version 1, a problem (RFC 9457) and the price in words',
  },
] satisfies Requirement[];
