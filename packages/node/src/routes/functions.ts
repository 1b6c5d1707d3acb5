import {
  outgoingCookie,
  scriptNamesOf,
  toolDocument,
  type CallableOffer,
  type Compute,
  type FunctionHead,
  type FunctionRequest,
  type Outcome,
} from '@freehold/compute';
import { encodeReceipt, receiptHeader, type PaymentRequired } from '@freehold/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { openAnswerStream, type AnswerStream } from '../http/answer-stream.ts';
import { openEventAnswer, wantsEvents, type EventAnswer } from '../http/event-answer.ts';
import { openInputReader } from '../http/body.ts';
import { isRepeatable, openRepeatedAnswers } from '../http/repeated-answers.ts';
import { networkOf } from '../http/network-of.ts';
import { paymentAnswerHeaders, paymentRequestHeaders, presentedPayment, settlementHeaders } from '../http/payment-headers.ts';
import type { Terms } from '../http/payment-required.ts';
import { route, type Arrival, type Call } from '../http/route.ts';
import { sandboxHeaders } from '../http/user-content.ts';
import type { Metrics } from '../metrics.ts';
import type { Answer, Sales } from '../sale.ts';
import { endWithError, endWithOutcome } from './tool-events.ts';

const name = z.string().min(1).max(64);
/** Input that all calls together may hold: in memory, and in files. */
const inputBytes = { memoryBytes: 256 * 1024 * 1024, diskBytes: 1024 * 1024 * 1024 };

/** `/<offer>.cgi/…`: the functions themselves. They see nothing of the session of the person who calls. */
export const functionRoutes = ({
  compute,
  sales,
  terms,
  metrics,
  directory,
}: {
  compute: Compute;
  sales: Sales;
  terms: Terms;
  metrics: () => Metrics;
  /** Where large inputs wait. */
  directory: string;
}) => {
  const inputs = openInputReader({ directory, ...inputBytes });
  const repeated = openRepeatedAnswers();
  const handle = async (arrived: Call<{ offer: string }, unknown, undefined>) => {
    const { params, request, reply, arrival, stream } = arrived;
    reply.headers(publicHeaders);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    const call = await compute.offers.callable(params.offer);
    if (call.offer.interface === 'tool' && (request.method === 'GET' || request.method === 'HEAD'))
      return reply.headers({ 'cache-control': 'no-store' }).send(toolDocument(call.offer));
    const scriptPath = `/${params.offer}.cgi`;
    const answers = openAnswerStream({
      reply,
      prepare: (head) => sendHead(head, { call, scriptPath, reply }),
      trailers: [taskHeader, receiptHeader],
      holdMs: call.offer.limits.wallMs,
    });
    const events =
      call.offer.interface === 'tool' && wantsEvents(request.headers.accept)
        ? openEventAnswer({ reply, prepare: () => reply.headers({ ...sandboxHeaders, 'cache-control': 'no-store' }) })
        : undefined;
    let answer: Answer;
    try {
      answer = await sales.call({
        call,
        request: {
          ...toFunctionRequest(request, arrival),
          ...(events && { onProgress: (progress) => events.tell('progress', JSON.stringify(progress)) }),
        },
        url: `${arrival.origin}${request.raw.url ?? ''}`,
        header: presentedPayment(request.headers),
        from: networkOf(arrival.remoteAddress),
        isOwn: isOwnCall(arrived, call),
        signal: arrived.signal,
        // The answer to HEAD has the length of the body, so it waits for the end.
        ...(request.method !== 'HEAD' && { sink: answers.sink }),
        withInput: (use) => {
          // Only now does a client that waits for it (Expect: 100-continue) send its body.
          if (request.headers.expect !== undefined && !reply.raw.headersSent) reply.raw.writeContinue();
          const before = Buffer.from(call.offer.input ?? '', 'base64');
          return inputs.with(stream, { limit: call.offer.limits.inputBytes, before }, use);
        },
      });
    } catch (error) {
      if (events?.begun) {
        endWithError(events, error);
        return reply;
      }
      answers.take();
      if (!answers.begun) throw error;
      answers.breakOff();
      return reply;
    }
    return send(answer, { call, scriptPath, reply, answers, events });
  };

  function sendTerms(required: PaymentRequired, reply: FastifyReply) {
    if (!reply.request.raw.complete && reply.request.headers.expect !== undefined) reply.header('connection', 'close');
    return terms.send(required, reply, 'Pay within the call: freehold curl --key @wallet.key URL, or any x402 client.');
  }

  function send(answer: Answer, { answers, events, ...sent }: Sent & { answers: AnswerStream; events: EventAnswer | undefined }) {
    const { reply } = sent;
    if (events?.begun && answer.kind === 'payment-required') {
      endWithError(events, new RequestError('payment_failed', 402, 'The payment was not settled, so the result is not given. Pay again.'));
      return reply;
    }
    if (answer.settlement) reply.headers(settlementHeaders(answer.settlement, reply.request.headers));
    if (answer.kind === 'payment-required') return sendTerms(answer.required, reply);
    const { outcome, receipt } = answer;
    if (!events && isRepeatable(answer, reply) && repeated.send(answer, { scriptPath: sent.scriptPath, reply })) {
      metrics().task('cached');
      return reply;
    }
    metrics().task(outcome.failure ? 'failed' : outcome.cached ? 'cached' : 'ran');
    const streamed = answers.take();
    if (events && (events.begun || !outcome.failure)) {
      if (!events.begun) reply.headers({ [taskHeader]: describeTask(outcome), [os402Header]: describeOs402(outcome) });
      endWithOutcome(events, outcome, receipt);
      return reply;
    }
    const said = { [taskHeader]: describeTask(outcome), ...(outcome.response && receipt && { [receiptHeader]: encodeReceipt(receipt) }) };
    if (answers.begun) {
      if (outcome.failure) answers.breakOff();
      else answers.end(said);
      return reply;
    }
    reply.headers({ ...said, [os402Header]: describeOs402(outcome) });
    if (outcome.failure) throw outcome.failure;
    sendHead(outcome.response, sent);
    const body = streamed ?? outcome.response.body;
    if (isRepeatable(answer, reply)) repeated.remember(answer, { scriptPath: sent.scriptPath, reply, body });
    // Fastify would give a type to nothing.
    return reply.send(body.length === 0 ? undefined : body);
  }

  const params = z.object({ offer: name });
  const common = { method: 'ANY', policy: 'anyone', body: 'stream', query: z.record(z.string(), z.unknown()) } as const;
  return [
    route({ ...common, path: '/:offer.cgi', summary: 'Call a function', params, handle }),
    route({ ...common, path: '/:offer.cgi/*', summary: 'Call a function with a path', params, handle }),
    route({ ...common, path: '/:offer.tool', summary: 'Call a tool: POST its JSON input; GET describes it', params, handle }),
  ];
};

/** Any page and any program may call a function: it has no ambient authority, and the payment is the permission. */
const publicHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers': `content-type, prefer, ${paymentRequestHeaders}`,
  'access-control-expose-headers': `${paymentAnswerHeaders}, ${receiptHeader}, x-freehold-task, x-os402-task, x-request-id`,
  'cross-origin-resource-policy': 'cross-origin',
} as const;

/**
 * Headers of an answer that speak for the node or for its whole origin, and so are not a program's to set: payments and
 * receipts, who may read the answer, what the browser shall remember of this host, prompts in the host's name, and orders to a
 * server in front of the node, such as to send one of its own files, or to keep for others what one has paid for.
 */
export const nodeHeaders =
  /^(payment-.*|x-payment.*|x-freehold-.*|x-os402-.*|x-request-id|access-control-.*|cross-origin-.*|content-security-policy.*|clear-site-data|strict-transport-security|alt-svc|service-worker-allowed|report-to|reporting-endpoints|nel|accept-ch|critical-ch|set-login|use-as-dictionary|speculation-rules|attribution-reporting-.*|observe-browsing-topics|origin-agent-cluster|www-authenticate|proxy-authenticate|x-accel-.*|x-sendfile.*|x-lighttpd-send-file|x-litespeed-.*|surrogate-.*|.+-cache-control|sec(ure)?-session-.*|server|date)$/;

type Sent = { call: CallableOffer; scriptPath: string; reply: FastifyReply };

/** Status and headers of a function's answer, as far as they are its to say. */
function sendHead({ status, headers }: FunctionHead, { call, scriptPath, reply }: Sent): void {
  const scriptNames = scriptNamesOf(call.offer, call.id);
  const values = Map.groupBy(
    headers.filter(([name]) => !nodeHeaders.test(name)),
    ([name]) => name,
  );
  for (const [name, group] of values) {
    const shown = group.flatMap(([, value]) =>
      name === 'set-cookie' ? (outgoingCookie(value, { scriptPath, scriptNames }) ?? []) : value,
    );
    if (shown.length > 0) reply.header(name, shown.length === 1 ? shown[0] : shown);
  }
  // Last, so that no program can lift the policy under which its output is shown.
  reply.headers({ ...sandboxHeaders, 'cache-control': 'no-store' }).code(status);
}

/**
 * Whether the seller of the function calls it, or the owner of the node, in person. The browser's cookie counts only from our own
 * pages: no page of others can send the header with it.
 */
function isOwnCall(
  { caller, request, arrival }: Pick<Call<unknown, unknown, unknown>, 'caller' | 'request' | 'arrival'>,
  { offer }: CallableOffer,
): boolean {
  if (!caller || caller.delegate || (caller.account.role !== 'owner' && caller.account.address !== offer.owner)) return false;
  if (caller.via === 'bearer') return true;
  const { origin } = request.headers;
  return caller.via === 'cookie' && request.headers['x-requested-by'] === 'freehold' && (origin === undefined || origin === arrival.origin);
}

const taskHeader = 'x-freehold-task';
const describeTask = ({ task, cached, usage }: Outcome) =>
  `id=${task} cpu_us=${usage.cpuUs} wall_us=${usage.wallUs} maxrss_bytes=${usage.maxRssBytes}${usage.fuel === undefined ? '' : ` fuel=${usage.fuel}`} cached=${cached ? 1 : 0}`;

/** The same for OS402's clients. Its two kinds of time are one here. */
const os402Header = 'x-os402-task';
const describeOs402 = ({ task, usage }: Outcome) => `id=${task} utime=${usage.cpuUs} stime=0 maxrss=${Math.ceil(usage.maxRssBytes / 1024)}`;

export function toFunctionRequest(request: FastifyRequest, arrival: Arrival): FunctionRequest {
  const [rawPath, query] = splitOnce(request.raw.url ?? '', '?');
  const origin = new URL(arrival.origin);
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
  return {
    method: request.method,
    // The first segment is the function's, however it is encoded.
    path: /^\/[^/]*(\/.*)?$/.exec(rawPath)?.[1] ?? '',
    query,
    headers,
    server: {
      name: origin.hostname,
      port: origin.port || (origin.protocol === 'https:' ? '443' : '80'),
      scheme: origin.protocol.slice(0, -1),
      protocol: `HTTP/${request.raw.httpVersion}`,
    },
    remoteAddress: arrival.remoteAddress,
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
