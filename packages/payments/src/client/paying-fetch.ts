import { paymentRequiredHeader } from '@freehold/protocol';
import type { Conclusion } from './rail.ts';
import type { OutgoingPayment, Purse } from './purse.ts';
import { mostTermsBytes, readTerms, type Terms } from './terms.ts';

export type PayingFetchOptions = {
  /** What asks; the platform's own by default. */
  fetch?: typeof globalThis.fetch;
  /** Told of every payment that left, and how it ended; `conclusion` is undefined when no answer came. */
  onPayment?: (payment: OutgoingPayment, conclusion: Conclusion | undefined) => void;
};

/** As `fetch`. A request that is given as `Request` has a body that can be sent once only, so address and init are separate. */
export type PayingFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** A seller that corrects us again and again would never be done. */
const mostAttempts = 3;

/**
 * A `fetch` that pays where it is asked to, within the budgets of a purse, and answers as `fetch` does: also with the 402 when that asks for
 * nothing that x402 knows. A payment goes only to the origin that was asked, and no redirect is followed with it. A body that is a stream is
 * read to its end first, for it may have to be sent twice. Errors: those of `fetch`, and `payment_no_option`, `payment_over_budget`,
 * `terms_malformed`: then nothing was paid.
 */
export function payingFetch(purse: Purse, { fetch = globalThis.fetch, onPayment }: PayingFetchOptions = {}): PayingFetch {
  return async (url, init = {}) => {
    const asked = new URL(url);
    const method = (init.method ?? 'GET').toUpperCase();
    const body = init.body instanceof ReadableStream ? await new Response(init.body).blob() : init.body;
    const again: RequestInit = { ...init, ...(body !== undefined && { body }) };
    const first = await fetch(asked, again);
    const terms = first.status === 402 ? await termsOf(first) : undefined;
    const destination = first.url === '' ? asked : new URL(first.url);
    // Behind a redirect there may be another seller, or another request than the one that was written.
    const isOurs = destination.origin === asked.origin && (!first.redirected || method === 'GET' || method === 'HEAD');
    if (!terms || !isOurs) return first;

    for (let attempt = 1; ; attempt++) {
      const payment: OutgoingPayment = await purse.pay({ terms, url: destination.href, method });
      const headers = new Headers(init.headers);
      headers.set(payment.headerName, payment.header);
      let answer: Response;
      try {
        answer = await fetch(destination, { ...again, headers, redirect: 'manual' });
      } catch (error) {
        onPayment?.(payment, await payment.conclude(undefined));
        throw error;
      }
      const text = answer.status === 402 ? await bodyOf(answer) : '';
      const header = (name: string) => answer.headers.get(name) ?? undefined;
      const conclusion = await payment.conclude({ status: answer.status, header, body: text });
      onPayment?.(payment, conclusion);
      // By the terms as they were: those of a correction say besides where the channel or grant is, which is no part of the offer.
      if (conclusion?.kind !== 'again' || attempt === mostAttempts) return answer;
      await answer.body?.cancel();
    }
  };
}

async function termsOf(response: Response): Promise<Terms | undefined> {
  const header = response.headers.get(paymentRequiredHeader) ?? undefined;
  return readTerms({ header, body: header === undefined ? await bodyOf(response) : '', url: response.url });
}

/** The beginning of a body that somebody else will read, too; no terms are longer. */
async function bodyOf(response: Response): Promise<string> {
  if (!/\bjson\b/i.test(response.headers.get('content-type') ?? '')) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.clone().body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > mostTermsBytes) return '';
  }
  return new TextDecoder().decode(concat(chunks, length));
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
