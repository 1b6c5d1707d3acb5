import { ComputeError, wholeInput, type BatchRequest, type CallableOffer, type Compute } from '@freehold/compute';
import {
  batchAccepted,
  batchRun,
  receiptHeader,
  taskAccessHeader,
  taskDigest,
  type BatchAccepted,
  type PaymentRequired,
} from '@freehold/protocol';
import { isFree } from '@freehold/payments';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { openInputReader } from '../http/body.ts';
import { networkOf } from '../http/network-of.ts';
import { paymentAnswerHeaders, paymentRequestHeaders, presentedPayment } from '../http/payment-headers.ts';
import type { Terms } from '../http/payment-required.ts';
import { route, type Arrival } from '../http/route.ts';
import type { Sales } from '../sale.ts';
import type { TaskAccess } from '../task-access.ts';

/** What all requests together may hold in memory while they are read. */
const inputBytes = { memoryBytes: 128 * 1024 * 1024, diskBytes: 512 * 1024 * 1024 };
/** Room for arguments, variables and the spelling of JSON, besides the input itself. */
const besidesInput = 2 * 1024 * 1024;

type Asked = { request: FastifyRequest; reply: FastifyReply; arrival: Arrival; stream: FastifyRequest['raw'] };

/**
 * Batch functions: a run is accepted, goes on by itself, and is asked for under its id. `POST /:offer/run/:seconds` speaks as OS402's
 * servers do (302 to the task), `POST /api/offers/:offer/run` as the rest of this API. Paid for by the seconds that it may take.
 */
export const batchRoutes = ({
  compute,
  sales,
  terms,
  access,
  directory,
}: {
  compute: Compute;
  sales: Sales;
  terms: Terms;
  access: TaskAccess;
  /** Where large inputs wait. */
  directory: string;
}) => {
  const inputs = openInputReader({ directory, ...inputBytes });
  const sendTerms = (required: PaymentRequired, reply: FastifyReply) =>
    terms.send(required, reply, 'Pay within the call: freehold run OFFER, or any x402 client.');

  async function run(
    offer: string,
    seconds: number | undefined,
    { request, reply, arrival, stream }: Asked,
  ): Promise<BatchAccepted | FastifyReply> {
    const call = await compute.offers.callable(offer);
    const wallMs = wallMsOf(call, seconds);
    const url = `${arrival.origin}${request.raw.url ?? ''}`;
    if (call.offer.interface !== 'batch')
      throw new ComputeError(
        'request_invalid',
        400,
        `"${call.offer.name}" is called over HTTP, not run as a batch: send the request to /${call.offer.name}.cgi.`,
      );
    const header = presentedPayment(request.headers);
    const begin = (batch: z.output<typeof batchRun>) =>
      sales.begin({
        call,
        request: toRequest(batch),
        wallMs,
        url,
        header,
        from: networkOf(arrival.remoteAddress),
        retention: batch.retain === undefined ? undefined : batch.retain * 1000,
      });
    const limit = Math.ceil(call.offer.limits.inputBytes * 1.4) + besidesInput;
    // The terms come before the body, so that a large input is not sent in vain; only a cache can need the body first.
    const asksFirst =
      header === undefined && !isFree(call.offer) && !compute.pools.hasRoom(call.offer) && call.offer.deterministic !== true;
    if (asksFirst) return sendTerms(sales.batchTerms(call, wallMs, url), reply);
    const begun = await inputs.with(stream, { limit }, async (body) => begin(parseBody(await wholeInput(body))));
    if (begun.kind === 'payment-required') return sendTerms(begun.required, reply);
    const { task, payer } = begun;
    const row = await compute.tasks.get(task);
    return { task, state: row.state, url: `${arrival.origin}/api/tasks/${task}`, access: access.accessTo(task, payer) };
  }

  /** OS402's answer: where the task is, in its way to write the id. */
  async function runAs402(offer: string, seconds: number, asked: Asked) {
    const { request, reply, arrival } = asked;
    reply.headers(publicHeaders);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    if (request.method !== 'POST') throw new RequestError('method_not_allowed', 405, 'Runs are begun with POST.');
    const accepted = await run(offer, seconds, asked);
    if (!('task' in accepted)) return reply;
    const id = taskDigest(accepted.task).slice(2);
    const location = `/tasks/${id}?access=${accepted.access}`;
    return reply
      .code(302)
      .headers({ location, 'cache-control': 'no-store' })
      .send({ ...accepted, id, status: accepted.state === 'waiting' ? 'pending' : accepted.state, url: `${arrival.origin}${location}` });
  }

  const params = z.strictObject({ offer: z.string().min(1).max(64), seconds: z.coerce.number().int().min(1).max(3600) });
  const as402 = (path: string) =>
    route({
      method: 'ANY',
      path,
      policy: 'anyone',
      summary: 'Run a batch function for at most so many seconds; answers where its task is',
      body: 'stream',
      params,
      query: z.record(z.string(), z.unknown()),
      handle: (call) => runAs402(call.params.offer, call.params.seconds, call),
    });
  return [
    as402('/:offer/run/:seconds'),
    as402('/:offer.exe/:seconds'),
    route({
      method: 'POST',
      path: '/api/offers/:offer/run',
      policy: 'anyone',
      summary: 'Run a batch function; its task goes on when the caller has gone',
      body: 'stream',
      params: z.strictObject({ offer: z.string().min(1).max(64) }),
      query: z.strictObject({ seconds: z.coerce.number().int().min(1).max(3600).optional() }),
      answer: batchAccepted,
      status: 202,
      handle: (call) => run(call.params.offer, call.query.seconds, call),
    }),
  ];
};

/** The time that is asked and paid for; without a word, all that the offer allows. Errors: `request_invalid`. */
function wallMsOf({ offer }: CallableOffer, seconds: number | undefined): number {
  if (seconds === undefined) return offer.limits.wallMs;
  if (seconds * 1000 > Math.max(1000, offer.limits.wallMs))
    throw new ComputeError('request_invalid', 400, `This function runs for at most ${Math.floor(offer.limits.wallMs / 1000)} seconds.`);
  return Math.min(seconds * 1000, offer.limits.wallMs);
}

function parseBody(body: Buffer): z.output<typeof batchRun> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new RequestError('invalid_request', 400, 'The body is not valid JSON.');
  }
  return batchRun.parse(value);
}

function toRequest({ args = [], env = {}, stdin, stdinBase64, private: isPrivate = false }: z.output<typeof batchRun>): BatchRequest {
  if (stdin !== undefined && stdinBase64 !== undefined)
    throw new RequestError('invalid_request', 400, 'Send the input as "stdin" or as "stdinBase64", not as both.');
  return { args, env, input: stdinBase64 === undefined ? Buffer.from(stdin ?? '') : Buffer.from(stdinBase64, 'base64'), isPrivate };
}

const publicHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-allow-headers': `content-type, ${paymentRequestHeaders}, ${taskAccessHeader}`,
  'access-control-expose-headers': `location, ${paymentAnswerHeaders}, ${receiptHeader}, x-request-id`,
} as const;
