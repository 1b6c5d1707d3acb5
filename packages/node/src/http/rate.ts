import { RequestError } from '../error.ts';

export type Rate = (key: string) => void;

/** Callers that are remembered at once; beyond it those of the running minute are forgotten together. */
const mostKeys = 10_000;

/**
 * At most so many calls a minute for each key, counted from the first one. Errors: `too_many_requests`, with the seconds to wait in
 * its details.
 */
export function openRate({ perMinute, what, now }: { perMinute: number; what: string; now: () => number }): Rate {
  let calls = new Map<string, { since: number; count: number }>();
  return (key) => {
    const at = now();
    const known = calls.get(key);
    if (!known || at - known.since >= 60_000) {
      if (calls.size >= mostKeys) calls = new Map();
      calls.set(key, { since: at, count: 1 });
      return;
    }
    if (++known.count <= perMinute) return;
    const retryAfter = Math.ceil((known.since + 60_000 - at) / 1000);
    throw new RequestError('too_many_requests', 429, `At most ${perMinute} ${what} a minute. Try again in ${retryAfter} seconds.`, {
      details: { retryAfter },
    });
  };
}
