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
import type { IncomingMessage } from 'node:http';
import type { FastifyReply } from 'fastify';
import { paymentPage, paymentPagePolicy } from './payment-page/page.ts';
import { preferredType } from './preferred-type.ts';

export type Terms = ReturnType<typeof openTerms>;

const jsonTypes = ['application/json', 'application/problem+json'] as const;
const pageTypes = [...jsonTypes, 'text/html'] as const;

/**
 * The one answer that asks for a payment. Programs of x402 version 2 read its header; the body is for everybody else: terms for
 * version 1, a problem (RFC 9457) for programs that know neither, the price in words; for browsers a page in which a wallet can pay.
 */
export function openTerms(tokens: readonly Token[]) {
  const tokenOf = ({ network, asset }: PaymentRequirements) => tokens.find((token) => token.network === network && token.asset === asset);

  /** "0.001 USDC". */
  function priceOf(terms: PaymentRequirements): string {
    const token = tokenOf(terms);
    return token ? `${formatUnits(BigInt(terms.amount), token.decimals)} ${token.symbol}` : `${terms.amount} of ${terms.asset}`;
  }

  function textFor(type: string, required: PaymentRequired, help: string): string {
    const { error = 'Payment required', accepts } = required;
    if (type === 'text/html') return paymentPage({ required, options: accepts.map((terms) => ({ terms, price: priceOf(terms) })) });
    return JSON.stringify({
      type: 'about:blank',
      title: 'Payment Required',
      status: 402,
      detail: error,
      x402Version: 1,
      error,
      accepts: toV1Requirements(required),
      prices: accepts.map((terms) => `${priceOf(terms)} on ${networkLabel(terms.network)} (${terms.scheme})`),
      paymentRequired: required,
      help,
    });
  }

  function answer(required: PaymentRequired, { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>, help: string) {
    // A person who opens an address asks with GET; the page repeats that and nothing else.
    const type = preferredType(headers.accept, method === 'GET' ? pageTypes : jsonTypes);
    return {
      status: 402,
      headers: {
        'cache-control': 'no-store',
        vary: 'accept',
        'content-type': `${type}; charset=utf-8`,
        [paymentRequiredHeader]: encodePaymentRequired(required),
        ...(type === 'text/html' && {
          'content-security-policy': paymentPagePolicy,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
        }),
      },
      body: textFor(type, required, help),
    };
  }

  return {
    answer,
    send(required: PaymentRequired, reply: FastifyReply, help: string): FastifyReply {
      const { status, headers, body } = answer(required, reply.request.raw, help);
      return reply.code(status).headers(headers).send(body);
    },
  };
}
