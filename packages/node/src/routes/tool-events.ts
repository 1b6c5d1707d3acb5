import type { Outcome } from '@freehold/compute';
import { FreeholdError, type SignedReceipt } from '@freehold/protocol';
import type { EventAnswer } from '../http/event-answer.ts';

/** How a call of a tool ends for a caller who hears events: `result` or `error`, and the `receipt` of what was paid. */
export function endWithOutcome(events: EventAnswer, { response, failure }: Outcome, receipt: SignedReceipt | undefined): void {
  if (failure) return endWithError(events, failure);
  const body = response.body.toString();
  events.send(response.status < 400 ? 'result' : 'error', response.status < 400 ? body : JSON.stringify(JSON.parse(body).error));
  if (receipt) events.send('receipt', JSON.stringify(receipt));
  events.end();
}

export function endWithError(events: EventAnswer, error: unknown): void {
  const said =
    error instanceof FreeholdError
      ? { code: error.code, message: error.message }
      : { code: 'internal', message: 'Something went wrong in this node. Its log says more.' };
  events.send('error', JSON.stringify(said));
  events.end();
}
