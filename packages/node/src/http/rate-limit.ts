import { RequestError } from '../error.ts';

/** Callers that are remembered in one minute. More of them share one count. */
const mostCallers = 10_000;

/** So many requests a minute of each caller. Errors: `too_many_requests`. */
export function openRateLimit({ perMinute, now }: { perMinute: number; now: () => number }) {
  let minute = 0;
  let counts = new Map<string, number>();
  return (caller: string): void => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) {
      minute = current;
      counts = new Map();
    }
    const key = counts.has(caller) || counts.size < mostCallers ? caller : 'everybody else';
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > perMinute)
      throw new RequestError('too_many_requests', 429, `That were more than ${perMinute} requests in a minute. Try again in a minute.`);
  };
}
