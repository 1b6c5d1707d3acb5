import type { Compute, ListedOffer } from '@freehold/compute';
import type { Payments } from '@freehold/payments';
import {
  callPath,
  address,
  cid,
  offer,
  offerSummary,
  programInfo,
  programList,
  signedOffer,
  toolProposal,
  type OfferSummary,
  type Token,
} from '@freehold/protocol';
import { z } from 'zod';
import { sumOf } from '../earnings.ts';
import { callerOf, route } from '../http/route.ts';

const one = z.strictObject({ offer: z.string().min(1).max(128) });
/** Most offers in one answer. */
const pageSize = 500;

export const offerRoutes = ({
  compute,
  payments,
  token,
  onChange,
}: {
  compute: Compute;
  payments: Payments;
  token: Token | null;
  onChange: () => void;
}) => {
  const summarise = async (
    { id, offer, signature, state, refusal, calls, example, os402 }: ListedOffer,
    origin: string,
  ): Promise<OfferSummary> => ({
    id,
    offer,
    signature,
    url: `${origin}${callPath(offer.interface, id)}`,
    example: `${origin}${example}`,
    state,
    refusal,
    calls,
    earned: sumOf(await payments.earnings({ offerId: id }), token),
    os402,
    pool: offer.pool === undefined ? null : { name: offer.pool, isFree: compute.pools.hasRoom(offer) },
  });
  return [
    route({
      method: 'PUT',
      path: '/api/programs',
      policy: 'seller',
      summary: 'Upload a program: the request body is a WebAssembly module, a Linux executable or a script',
      body: 'stream',
      answer: programInfo,
      status: 201,
      handle: (call) => compute.programs.add(call.stream.iterator({ destroyOnReturn: false }), { owner: callerOf(call).account.address }),
    }),
    route({
      method: 'GET',
      path: '/api/programs',
      policy: 'seller',
      summary: 'The programs that are kept for you, newest first, and how much they may take together',
      answer: programList,
      handle: (call) => compute.programs.held(callerOf(call).account.address),
    }),
    route({
      method: 'DELETE',
      path: '/api/programs/:cid',
      policy: 'seller',
      summary: 'Keep a program no longer; one that an offer of yours sells is kept',
      params: z.strictObject({ cid }),
      status: 204,
      handle: (call) => compute.programs.letGo(callerOf(call).account.address, call.params.cid),
    }),
    route({
      method: 'GET',
      path: '/api/programs/:cid',
      policy: 'seller',
      summary: 'What the node knows of a program. HEAD tells whether it has it, so that equal bytes are not sent twice',
      params: z.strictObject({ cid }),
      answer: programInfo,
      handle: ({ params }) => compute.programs.get(params.cid),
    }),
    route({
      method: 'POST',
      path: '/api/programs/:cid/describe',
      policy: 'seller',
      summary: 'Run a program with --mcp-describe: what it says of itself as a tool, to be put into the offer that is signed',
      params: z.strictObject({ cid }),
      body: offer.pick({ args: true, env: true }),
      answer: toolProposal,
      handle: ({ params, body }) => compute.tools.describe(params.cid, body),
    }),
    route({
      method: 'GET',
      path: '/api/offers',
      policy: 'anyone',
      summary: 'The functions on sale, newest first; a page at a time, by tag, seller, interface, or words',
      query: z.strictObject({
        tag: z.string().max(32).optional(),
        text: z.string().min(1).max(100).optional(),
        owner: address.optional(),
        interface: offer.shape.interface.optional(),
        limit: z.coerce.number().int().min(1).max(pageSize).default(pageSize),
        after: z.string().max(128).optional(),
      }),
      answer: z.object({ offers: z.array(offerSummary), next: z.string().nullable() }),
      async handle({ arrival, query }) {
        const { offers, next } = await compute.offers.list(query);
        return { offers: await Promise.all(offers.map((offer) => summarise(offer, arrival.origin))), next };
      },
    }),
    route({
      method: 'GET',
      path: '/api/offers/:offer',
      policy: 'anyone',
      summary: 'One function, by id or name',
      params: one,
      answer: offerSummary,
      handle: async ({ params, arrival }) => summarise(await compute.offers.get(params.offer), arrival.origin),
    }),
    route({
      method: 'POST',
      path: '/api/offers',
      policy: 'seller',
      summary: 'Put a signed offer on sale',
      body: signedOffer,
      answer: offerSummary,
      status: 201,
      async handle(call) {
        const listed = await compute.offers.publish({ ...call.body, caller: callerOf(call).account.address });
        onChange();
        return summarise(listed, call.arrival.origin);
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/offers/:offer',
      policy: 'seller',
      summary: 'Withdraw an offer',
      params: one,
      answer: offerSummary,
      async handle(call) {
        const withdrawn = await compute.offers.withdraw(call.params.offer, callerOf(call).account.address);
        onChange();
        return summarise(withdrawn, call.arrival.origin);
      },
    }),
  ];
};
