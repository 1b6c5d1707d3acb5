import type { Outcome } from '@freehold/compute';
import type { SignedReceipt } from '@freehold/protocol';
import type { FastifyReply } from 'fastify';
import type { Answer } from '../sale.ts';

/** An answer from the cache that costs nothing: word for word the same each time. */
type Repeatable = Extract<Answer, { kind: 'answered' }> & { receipt: SignedReceipt; settlement: undefined };

/** Larger bodies are not worth a copy. */
const mostBytes = 16 * 1024;

export const isRepeatable = (answer: Answer, reply: FastifyReply): answer is Repeatable =>
  answer.kind === 'answered' &&
  answer.outcome.cached &&
  answer.outcome.response !== undefined &&
  answer.receipt !== undefined &&
  answer.settlement === undefined &&
  reply.request.method !== 'HEAD';

/**
 * Answers from the cache as they were sent before: making the headers costs several times what finding the answer does. They are
 * forgotten with the outcome, which lives as long as the cache of compute holds it. Only the id of the request is new each time.
 */
export function openRepeatedAnswers() {
  const known = new WeakMap<Outcome, { receipt: SignedReceipt; scriptPath: string; status: number; headers: string[]; body: string }>();

  return {
    /** Keeps what the reply is about to send. */
    remember(
      { outcome, receipt }: Repeatable,
      { scriptPath, reply, body }: { scriptPath: string; reply: FastifyReply; body: Buffer },
    ): void {
      if (body.length > mostBytes || reply.statusCode === 204 || reply.statusCode === 304) return;
      const headers = ['content-length', String(body.length)];
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (name === 'x-request-id' || name === 'content-length' || value === undefined) continue;
        for (const one of [value].flat()) headers.push(name, String(one));
      }
      // One string with the head is one write; as Latin-1 it is the bytes themselves.
      known.set(outcome, { receipt, scriptPath, status: reply.statusCode, headers, body: body.toString('latin1') });
    },

    /** Sends what was kept, if it is what this answer would be. */
    send({ outcome, receipt }: Repeatable, { scriptPath, reply }: { scriptPath: string; reply: FastifyReply }): boolean {
      const kept = known.get(outcome);
      if (!kept || kept.receipt !== receipt || kept.scriptPath !== scriptPath) return false;
      reply.hijack();
      reply.raw.writeHead(kept.status, [...kept.headers, 'x-request-id', reply.request.id]);
      reply.raw.end(kept.body, 'latin1');
      return true;
    },
  };
}
