import { ComputeError } from '../error.ts';

export type WaitingCall<Call, Result> = {
  call: Call;
  signal: AbortSignal | undefined;
  settled: Promise<Result>;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
};

/** Calls that no process has taken yet, in the order in which they came; whoever takes one removes it from `line`. */
export function openWaitingCalls<Call, Result>({ neverStarted }: { neverStarted: () => Result }) {
  type Waiting = WaitingCall<Call, Result>;
  const line: Waiting[] = [];

  /** One that is given up while it waits is answered with `neverStarted`. */
  function heed(next: Waiting): void {
    const { signal, settled } = next;
    if (!signal) return;
    const giveUp = () => {
      const place = line.indexOf(next);
      if (place < 0) return;
      line.splice(place, 1);
      next.resolve(neverStarted());
    };
    const forget = () => signal.removeEventListener('abort', giveUp);
    signal.addEventListener('abort', giveUp);
    settled.then(forget, forget);
  }

  return {
    line,

    /** Puts a call into the line and has it dispatched. */
    add(call: Call, { signal, dispatch }: { signal: AbortSignal | undefined; dispatch: () => void }): Promise<Result> {
      if (signal?.aborted) return Promise.resolve(neverStarted());
      const { promise: settled, resolve, reject } = Promise.withResolvers<Result>();
      const next = { call, signal, settled, resolve, reject };
      line.push(next);
      dispatch();
      // Most are taken at once, and listening would cost more than they do.
      if (line.at(-1) === next) heed(next);
      return settled;
    },

    /** Puts calls that were taken, and did not begin, before all others. */
    putBack(calls: readonly Waiting[]): void {
      const wanted = calls.filter(({ signal }) => !signal?.aborted);
      for (const { signal, resolve } of calls) if (signal?.aborted) resolve(neverStarted());
      line.unshift(...wanted);
      for (const call of wanted) heed(call);
    },

    /** Refuses all of them with `sandbox_unavailable`. */
    refuse(message: string): void {
      for (const { reject } of line.splice(0)) reject(new ComputeError('sandbox_unavailable', 503, message));
    },
  };
}
