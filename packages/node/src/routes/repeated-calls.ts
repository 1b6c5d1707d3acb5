import type { IncomingMessage } from 'node:http';
import type { CallableOffer, Compute, FunctionRequest, Plan } from '@freehold/compute';
import type { Exchange } from '../http/exchange.ts';
import { isRepeatable, openRepeatedAnswers, type Repeatable } from '../http/repeated-answers.ts';
import type { Answer } from '../sale.ts';

const mostCalls = 1_024;
const nothing = Buffer.alloc(0);
/** Headers that make a call another one, whatever its offer lists. */
const telling = ['content-type', 'cache-control', 'content-length', 'transfer-encoding'] as const;

type Sent = { call: CallableOffer; scriptPath: string; exchange: Exchange };

/**
 * Calls of deterministic functions that were answered from the cache for nothing. What is asked again in the same words is the same
 * call, and is not understood anew: only whether its function is still on sale and its result still there is looked up.
 */
export function openRepeatedCalls(compute: Compute) {
  const answers = openRepeatedAnswers();
  const calls = new Map<string, { call: CallableOffer; plan: Plan; answer: Repeatable }>();

  return {
    /** Answers a call that came in the same words before; false when it has to be understood. */
    answer(sent: Sent): boolean {
      const { request } = sent.exchange;
      if (!isPlain(sent.call, request)) return false;
      const known = calls.get(request.url ?? '');
      if (known?.call !== sent.call || compute.tasks.atHand(known.plan) !== known.answer.outcome) return false;
      if (!answers.send(known.answer, sent)) return false;
      compute.tasks.countAgain(known.plan);
      return true;
    },

    /** Gives an answer that was given before, to a call that was understood; false when it has to be made. */
    give: (answer: Answer, sent: Sent): boolean => isRepeatable(answer, sent.exchange.request) && answers.send(answer, sent),

    /** Keeps what was sent. */
    async remember(answer: Answer, sent: Sent & { asked: FunctionRequest; status: number; body: Buffer }): Promise<void> {
      const { call, exchange, asked } = sent;
      if (!isRepeatable(answer, exchange.request)) return;
      if (!answers.remember(answer, sent) || !isPlain(call, exchange.request)) return;
      const plan = await compute.identify({ call, request: asked, input: nothing });
      // Who joined a run was given an answer of his own.
      if (compute.tasks.atHand(plan) !== answer.outcome) return;
      if (calls.size >= mostCalls) calls.clear();
      calls.set(exchange.request.url ?? '', { call, plan, answer });
    },
  };
}

/** Whether the address alone says which call it is. */
const isPlain = ({ offer }: CallableOffer, { method, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  offer.deterministic === true &&
  offer.interface === 'cgi' &&
  offer.vary === undefined &&
  offer.input === undefined &&
  telling.every((name) => headers[name] === undefined);
