import { toolDocument, type CallableOffer, type Compute, type FunctionRequest, type Outcome } from '@freehold/compute';
import { encodeReceipt, receiptHeader, type PaymentRequired } from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { openAnswerStream, type AnswerStream } from '../http/answer-stream.ts';
import { openEventAnswer, wantsEvents, type EventAnswer } from '../http/event-answer.ts';
import { sendAnswer, type Exchange } from '../http/exchange.ts';
import { openInputReader } from '../http/body.ts';
import { networkOf } from '../http/network-of.ts';
import type { Convenience } from '../http/convenience-headers.ts';
import { paymentAnswerHeaders, paymentRequestHeaders, presentedPayment, settlementHeaders } from '../http/payment-headers.ts';
import type { Terms } from '../http/payment-required.ts';
import { exchangeRoute } from '../http/exchange-route.ts';
import { sandboxHeaders } from '../http/user-content.ts';
import type { Metrics } from '../metrics.ts';
import type { Answer, Sales } from '../sale.ts';
import { addFunctionHead } from './function-head.ts';
import { toFunctionRequest } from './function-request.ts';
import { openRepeatedCalls } from './repeated-calls.ts';
import { endWithError, endWithOutcome } from './tool-events.ts';

const name = z.string().min(1).max(64);
/** Input that all calls together may hold: in memory, and in files. */
const inputBytes = { memoryBytes: 256 * 1024 * 1024, diskBytes: 1024 * 1024 * 1024 };

/** `/<offer>.cgi/…`: the functions themselves. They see nothing of the session of the person who calls. */
export const functionRoutes = ({
  compute,
  sales,
  terms,
  convenience,
  metrics,
  directory,
}: {
  compute: Compute;
  sales: Sales;
  terms: Terms;
  convenience: Convenience;
  metrics: () => Metrics;
  /** Where large inputs wait. */
  directory: string;
}) => {
  const inputs = openInputReader({ directory, ...inputBytes });
  const repeated = openRepeatedCalls(compute);

  async function serve(exchange: Exchange, { offer: named }: { offer: string }): Promise<void> {
    const { request, response, arrival, headers } = exchange;
    Object.assign(headers, publicHeaders);
    if (request.method === 'OPTIONS') return sendAnswer(exchange, 204, '');
    convenience.check(exchange);
    const call = compute.offers.atHand(named) ?? (await compute.offers.callable(named));
    const sent: Sent = { call, scriptPath: `/${named}.cgi`, exchange };
    if (repeated.answer(sent)) return metrics().task('cached');
    const isTool = call.offer.interface === 'tool';
    if (isTool && (request.method === 'GET' || request.method === 'HEAD')) {
      Object.assign(headers, { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' });
      return sendAnswer(exchange, 200, JSON.stringify(toolDocument(call.offer)));
    }
    const answers = openAnswerStream({
      request,
      response,
      begin(head) {
        addFunctionHead(headers, head.headers, sent);
        return { status: head.status, headers };
      },
      trailers: [taskHeader, receiptHeader],
      holdMs: call.offer.limits.wallMs,
    });
    const events =
      isTool && wantsEvents(request.headers.accept)
        ? openEventAnswer({ response, begin: () => Object.assign(headers, sandboxHeaders, { 'cache-control': 'no-store' }) })
        : undefined;
    const asked = toFunctionRequest(request, arrival);
    const url = `${arrival.origin}${request.url ?? ''}`;
    const isOwn = isOwnCall(exchange, call);
    let answer: Answer;
    try {
      answer = await sales.call({
        call,
        request: events ? { ...asked, onProgress: (progress) => events.tell('progress', JSON.stringify(progress)) } : asked,
        url,
        header: presentedPayment(request.headers) ?? (isOwn ? undefined : await paidByHeaders(exchange, call, url)),
        from: networkOf(arrival.remoteAddress),
        isOwn,
        signal: exchange.signal,
        // The answer to HEAD has the length of the body, so it waits for the end.
        ...(request.method !== 'HEAD' && { sink: answers.sink }),
        withInput: (use) => {
          // Only now does a client that waits for it (Expect: 100-continue) send its body.
          if (request.headers.expect !== undefined && !response.headersSent) response.writeContinue();
          const before = call.offer.input === undefined ? undefined : Buffer.from(call.offer.input, 'base64');
          return inputs.with(request, { limit: call.offer.limits.inputBytes, ...(before && { before }) }, use);
        },
      });
    } catch (error) {
      if (events?.hasBegun()) return endWithError(events, error);
      answers.take();
      if (!answers.hasBegun()) throw error;
      return answers.breakOff();
    }
    send(answer, { ...sent, asked, answers, events });
  }

  /** Who hands over a key pays for nothing that is free now. */
  const paidByHeaders = (exchange: Exchange, call: CallableOffer, url: string): Promise<string | undefined> | undefined =>
    exchange.request.headers['x-402-key'] === undefined || compute.pools.hasRoom(call.offer)
      ? undefined
      : convenience.pay(exchange, call, url);

  function sendTerms(required: PaymentRequired, exchange: Exchange): void {
    const { request, headers } = exchange;
    if (!request.complete && request.headers.expect !== undefined) headers['connection'] = 'close';
    const help = 'Pay within the call: freehold curl --key @wallet.key URL, or any x402 client.';
    const { status, headers: more, body } = terms.answer(required, request, help);
    Object.assign(headers, more);
    sendAnswer(exchange, status, body);
  }

  function send(
    answer: Answer,
    { asked, answers, events, ...sent }: Sent & { asked: FunctionRequest; answers: AnswerStream; events: EventAnswer | undefined },
  ): void {
    const { exchange } = sent;
    const { headers } = exchange;
    if (events?.hasBegun() && answer.kind === 'payment-required') {
      endWithError(events, new RequestError('payment_failed', 402, 'The payment was not settled, so the result is not given. Pay again.'));
      return;
    }
    if (answer.settlement) Object.assign(headers, settlementHeaders(answer.settlement, exchange.request.headers));
    if (answer.kind === 'payment-required') return sendTerms(answer.required, exchange);
    if (answer.kind === 'refunded') {
      answers.take();
      headers['cache-control'] = 'no-store';
      headers['content-type'] = 'application/json; charset=utf-8';
      const { amount, transaction } = answer.settlement;
      return sendAnswer(exchange, 200, JSON.stringify({ refunded: amount, transaction }));
    }
    const { outcome, receipt } = answer;
    if (!events && repeated.give(answer, sent)) return metrics().task('cached');
    metrics().task(outcome.failure ? 'failed' : outcome.cached ? 'cached' : 'ran');
    const streamed = answers.take();
    if (events && (events.hasBegun() || !outcome.failure)) {
      if (!events.hasBegun()) Object.assign(headers, { [taskHeader]: describeTask(outcome), [os402Header]: describeOs402(outcome) });
      return endWithOutcome(events, outcome, receipt);
    }
    const said = { [taskHeader]: describeTask(outcome), ...(outcome.response && receipt && { [receiptHeader]: encodeReceipt(receipt) }) };
    if (answers.hasBegun()) return outcome.failure ? answers.breakOff() : answers.end(said);
    Object.assign(headers, said, { [os402Header]: describeOs402(outcome) });
    if (outcome.failure) throw outcome.failure;
    const { status, body } = outcome.response;
    addFunctionHead(headers, outcome.response.headers, sent);
    sendAnswer(exchange, status, streamed ?? body);
    void repeated.remember(answer, { ...sent, asked, status, body: streamed ?? body });
  }

  const params = z.object({ offer: name });
  const common = { method: 'ANY', policy: 'anyone', params, serve } as const;
  return [
    exchangeRoute({ ...common, path: '/:offer.cgi', summary: 'Call a function' }),
    exchangeRoute({ ...common, path: '/:offer.cgi/*', summary: 'Call a function with a path' }),
    exchangeRoute({ ...common, path: '/:offer.tool', summary: 'Call a tool: POST its JSON input; GET describes it' }),
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

type Sent = { call: CallableOffer; scriptPath: string; exchange: Exchange };

/**
 * Whether the seller of the function calls it, or the owner of the node, in person. The browser's cookie counts only from our own
 * pages: no page of others can send the header with it.
 */
function isOwnCall({ caller, request, arrival }: Pick<Exchange, 'caller' | 'request' | 'arrival'>, { offer }: CallableOffer): boolean {
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
