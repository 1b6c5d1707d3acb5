import type { Compute } from '@freehold/compute';
import { priceCall, type Facilitator, type Payments } from '@freehold/payments';
import {
  callPath,
  discoveryResources,
  facilitatorRequest,
  settleResponse,
  supportedResponse,
  type Offer,
  type VerifyResponse,
} from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { networkOf } from '../http/network-of.ts';
import { openRateLimit } from '../http/rate-limit.ts';
import { route, type Arrival } from '../http/route.ts';

const verifyAnswer = z.object({
  isValid: z.boolean(),
  invalidReason: z.string().optional(),
  invalidMessage: z.string().optional(),
  payer: z.string().optional(),
});
/** Requests of one caller's network in a minute: each costs the node requests of its RPC server. */
const perMinute = 120;
/** A request is the payment and the terms, a few kilobytes. */
const bodyLimit = 64 * 1024;
/** Offers that the catalogue lists at most. */
const mostListed = 10_000;

/**
 * This node as somebody's facilitator (where its owner allows it), and as a catalogue of what it sells itself. The paths and shapes are those
 * of x402, so its stock clients work with it.
 */
export const facilitatorRoutes = ({
  facilitator,
  compute,
  payments,
  now,
}: {
  /** Undefined when this node is nobody's. */
  facilitator: Facilitator | undefined;
  compute: Compute;
  payments: Payments;
  now: () => number;
}) => {
  const limit = openRateLimit({ perMinute, now });
  const serving = ({ remoteAddress }: Arrival): Facilitator => {
    if (!facilitator)
      throw new RequestError(
        'forbidden',
        403,
        'This node settles payments for nobody else. Its owner can allow it in the payment settings.',
      );
    limit(networkOf(remoteAddress));
    return facilitator;
  };

  /** What is on sale here for money, newest first. */
  async function listed() {
    const all = [];
    for (let after: string | undefined; all.length < mostListed;) {
      const { offers, next } = await compute.offers.list({ limit: 500, ...(after !== undefined && { after }) });
      all.push(...offers.filter(({ state, offer }) => state === 'live' && offer.prices.some(({ amount }) => amount !== '0')));
      if (next === null) break;
      after = next;
    }
    return all.slice(0, mostListed);
  }

  async function itemOf({ id, offer: signed }: { id: string; offer: Offer }, origin: string) {
    const offer = priceCall(signed);
    const url = `${origin}${callPath(offer.interface, id)}`;
    const { accepts, extensions = {} } = payments.paymentRequired({ offer, offerId: id, url });
    const paid = await payments.earnings({ offerId: id });
    return {
      resource: url,
      type: 'http' as const,
      x402Version: 2 as const,
      accepts,
      lastUpdated: new Date(offer.createdAt).toISOString(),
      ...(offer.description !== undefined && { description: offer.description }),
      serviceName: offer.title ?? offer.name,
      ...(offer.tags && { tags: offer.tags }),
      extensions,
      // Each settled payment has one receipt, signed by this node.
      metadata: { offer: id, name: offer.name, receipts: paid.reduce((sum, total) => sum + total.payments, 0) },
    };
  }

  return [
    route({
      method: 'POST',
      path: '/facilitator/verify',
      policy: 'anyone',
      summary: 'x402 facilitator: whether a payment would settle',
      body: facilitatorRequest,
      bodyLimit,
      answer: verifyAnswer,
      handle: ({ body, arrival }): Promise<VerifyResponse> => serving(arrival).verify(body),
    }),
    route({
      method: 'POST',
      path: '/facilitator/settle',
      policy: 'anyone',
      summary: 'x402 facilitator: carry a payment to its chain. The gas is this node’s, so it does so for the payees that its owner named',
      body: facilitatorRequest,
      bodyLimit,
      answer: settleResponse,
      handle: ({ body, arrival }) => serving(arrival).settle(body),
    }),
    route({
      method: 'GET',
      path: '/facilitator/supported',
      policy: 'anyone',
      summary: 'x402 facilitator: schemes, networks and signers. Empty when this node settles for nobody',
      answer: supportedResponse,
      handle: async () => facilitator?.supported() ?? { kinds: [], extensions: ['bazaar'], signers: {} },
    }),
    route({
      method: 'GET',
      path: '/facilitator/discovery/resources',
      policy: 'anyone',
      summary: 'The functions on sale here for money, as x402’s bazaars list them',
      query: z.strictObject({
        type: z.string().max(32).optional(),
        limit: z.coerce.number().int().min(1).max(100).default(20),
        offset: z.coerce.number().int().min(0).max(mostListed).default(0),
      }),
      answer: discoveryResources,
      async handle({ query: { type, limit, offset }, arrival }) {
        const all = type === undefined || type === 'http' ? await listed() : [];
        const page = all.slice(offset, offset + limit);
        return {
          x402Version: 2,
          items: await Promise.all(page.map((offer) => itemOf(offer, arrival.origin))),
          pagination: { limit, offset, total: all.length },
        };
      },
    }),
  ];
};
