import type { IncomingMessage } from 'node:http';
import type { Outcome } from '@freehold/compute';
import type { SignedReceipt } from '@freehold/protocol';
import type { Answer } from '../sale.ts';
import { flat, type Exchange } from './exchange.ts';

/** An answer from the cache that costs nothing: word for word the same each time. */
export type Repeatable = Extract<Answer, { kind: 'answered' }> & { receipt: SignedReceipt; settlement: undefined };

/** Larger bodies are not worth a copy. */
const mostBytes = 16 * 1024;

export const isRepeatable = (answer: Answer, { method }: IncomingMessage): answer is Repeatable =>
  answer.kind === 'answered' &&
  answer.outcome.cached &&
  answer.outcome.response !== undefined &&
  answer.receipt !== undefined &&
  answer.settlement === undefined &&
  method !== 'HEAD';

/**
 * Answers from the cache as they were sent before: making the headers costs several times what finding the answer does. They are
 * forgotten with the outcome, which lives as long as the cache of compute holds it. Only the id of the request is new each time.
 */
export function openRepeatedAnswers() {
  const known = new WeakMap<Outcome, { receipt: SignedReceipt; scriptPath: string; status: number; headers: string[]; body: string }>();

  return {
    /** Keeps what was sent; false when it is not worth it. */
    remember(
      { outcome, receipt }: Repeatable,
      { scriptPath, exchange, status, body }: { scriptPath: string; exchange: Exchange; status: number; body: Buffer },
    ): boolean {
      if (body.length > mostBytes || status === 204 || status === 304) return false;
      const { 'x-request-id': _id, ...headers } = exchange.headers;
      // One string with the head is one write; as Latin-1 it is the bytes themselves.
      known.set(outcome, { receipt, scriptPath, status, headers: flat(headers), body: body.toString('latin1') });
      return true;
    },

    /** Sends what was kept, if it is what this answer would be. */
    send({ outcome, receipt }: Repeatable, { scriptPath, exchange }: { scriptPath: string; exchange: Exchange }): boolean {
      const kept = known.get(outcome);
      if (!kept || kept.receipt !== receipt || kept.scriptPath !== scriptPath) return false;
      exchange.response.writeHead(kept.status, [...kept.headers, 'x-request-id', exchange.id]);
      exchange.response.end(kept.body, 'latin1');
      return true;
    },
  };
}
