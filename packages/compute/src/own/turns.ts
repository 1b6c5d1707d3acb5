import { ComputeError } from '../error.ts';

type Line = { running: number; waiting: (() => void)[] };

/** Lets each account do so much at once and wait for so much more, whatever others do. */
export function openTurns(most: { running: number; waiting: number }) {
  const lines = new Map<string, Line>();

  function next(account: string, line: Line): void {
    const following = line.waiting.shift();
    if (following) return following();
    line.running--;
    if (line.running === 0) lines.delete(account);
  }

  return {
    load(account: string) {
      const line = lines.get(account);
      return { running: line?.running ?? 0, waiting: line?.waiting.length ?? 0, most: most.running };
    },

    /** Does the work when it is its turn. Errors: `queue_full`, the signal's reason when it fires before that. */
    async take<Result>(account: string, signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
      signal?.throwIfAborted();
      const line = lines.get(account) ?? { running: 0, waiting: [] };
      lines.set(account, line);
      if (line.running >= most.running) {
        if (line.waiting.length >= most.waiting)
          throw new ComputeError(
            'queue_full',
            429,
            `You run ${most.running} programs already and ${most.waiting} wait. Try again when one has ended.`,
          );
        await turnIn(line, signal);
      } else line.running++;
      try {
        return await work();
      } finally {
        next(account, line);
      }
    },
  };
}

function turnIn({ waiting }: Line, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => {
    const place = waiting.indexOf(resolve);
    if (place >= 0) waiting.splice(place, 1);
    reject(signal?.reason ?? new Error('The caller gave up.'));
  };
  waiting.push(resolve);
  signal?.addEventListener('abort', giveUp, { once: true });
  return promise.finally(() => signal?.removeEventListener('abort', giveUp));
}
