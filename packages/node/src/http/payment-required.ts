import {
  encodePaymentRequired,
  formatUnits,
  networkLabel,
  paymentRequiredHeader,
  toV1Requirements,
  type PaymentRequired,
  type PaymentRequirements,
  type Token,
} from '@freehold/protocol';
import type { FastifyReply } from 'fastify';
import { preferredType } from './preferred-type.ts';

export type Terms = ReturnType<typeof openTerms>;

const jsonTypes = ['application/json', 'application/problem+json'] as const;

/**
 * The one answer that asks for a payment. Programs of x402 version 2 read its header; the body is for everybody else: terms for
 * version 1, a problem (RFC 9457) for programs that know neither, and the price in words.
 */
export function openTerms(tokens: readonly Token[]) {
  const tokenOf = ({ network, asset }: PaymentRequirements) => tokens.find((token) => token.network === network && token.asset === asset);

  /** "0.001 USDC on Base (exact)". */
  function priceOf(terms: PaymentRequirements): string {
    const token = tokenOf(terms);
    const amount = token ? `${formatUnits(BigInt(terms.amount), token.decimals)} ${token.symbol}` : `${terms.amount} of ${terms.asset}`;
    return `${amount} on ${networkLabel(terms.network)} (${terms.scheme})`;
  }

  function answer(required: PaymentRequired, accept: string | undefined, help: string) {
    const { error = 'Payment required' } = required;
    const type = preferredType(accept, jsonTypes);
    return {
      status: 402,
      headers: {
        'cache-control': 'no-store',
        vary: 'accept',
        'content-type': `${type}; charset=utf-8`,
        [paymentRequiredHeader]: encodePaymentRequired(required),
      },
      body: {
        type: 'about:blank',
        title: 'Payment Required',
        status: 402,
        detail: error,
        x402Version: 1,
        error,
        accepts: toV1Requirements(required),
        prices: required.accepts.map(priceOf),
        paymentRequired: required,
        help,
      },
    };
  }

  return {
    answer,
    send(required: PaymentRequired, reply: FastifyReply, help: string): FastifyReply {
      const { status, headers, body } = answer(required, reply.request.headers.accept, help);
      return reply.code(status).headers(headers).send(body);
    },
  };
}
