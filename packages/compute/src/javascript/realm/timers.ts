import type { RealmHost } from './host.ts';

/** More timers than this at once are refused. */
const mostTimers = 10_000;
const longest = 2 ** 31 - 1;

type Callback = (...args: unknown[]) => unknown;
type Timer = { work: Callback; args: readonly unknown[]; every: number | undefined };

/** The web's timers. They end with the call that set them. */
export function openTimers({ host, report }: { host: RealmHost; report: (what: string, error: unknown) => void }) {
  const timers = new Map<number, Timer>();
  let last = 0;

  function start(work: unknown, delay: unknown, args: readonly unknown[], repeat: boolean): number {
    if (typeof work !== 'function') throw new TypeError('A timer needs a function to call.');
    if (timers.size >= mostTimers) throw new RangeError(`At most ${mostTimers} timers at once.`);
    const ms = Math.min(longest, Math.max(repeat ? 1 : 0, Number(delay) || 0));
    const id = ++last;
    timers.set(id, { work: work as Callback, args, every: repeat ? ms : undefined });
    host.setTimer(ms, id);
    return id;
  }

  const clear = (id: unknown): void => {
    if (typeof id === 'number' && timers.delete(id)) host.clearTimer(id);
  };

  return {
    globals: {
      setTimeout: (work: unknown, delay?: unknown, ...args: unknown[]) => start(work, delay, args, false),
      setInterval: (work: unknown, delay?: unknown, ...args: unknown[]) => start(work, delay, args, true),
      clearTimeout: clear,
      clearInterval: clear,
    },
    due(id: number): void {
      const timer = timers.get(id);
      if (!timer) return;
      if (timer.every === undefined) timers.delete(id);
      else host.setTimer(timer.every, id);
      try {
        timer.work(...timer.args);
      } catch (error) {
        report('Uncaught in a timer', error);
      }
    },
  };
}
