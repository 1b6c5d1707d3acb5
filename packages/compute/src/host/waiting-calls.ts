import { ComputeError } from '../error.ts';

type WaitingCall<Call, Result> = { call: Call; resolve: (result: Result) => void; reject: (error: unknown) => void };

/** Calls that no process has taken yet, in the order in which they came; whoever takes one removes it from `line`. */
export function openWaitingCalls<Call, Result>({ neverStarted }: { neverStarted: () => Result }) {
  const line: WaitingCall<Call, Result>[] = [];

  return {
    line,

    /** Puts a call into the line and has it dispatched. One that is given up while it waits is answered with `neverStarted`. */
    async add(call: Call, { signal, dispatch }: { signal: AbortSignal | undefined; dispatch: () => void }): Promise<Result> {
      if (signal?.aborted) return neverStarted();
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const next = { call, resolve, reject };
      const giveUp = () => {
        const place = line.indexOf(next);
        if (place < 0) return;
        line.splice(place, 1);
        resolve(neverStarted());
      };
      signal?.addEventListener('abort', giveUp);
      line.push(next);
      dispatch();
      return promise.finally(() => signal?.removeEventListener('abort', giveUp));
    },

    /** Refuses all of them with `sandbox_unavailable`. */
    refuse(message: string): void {
      for (const { reject } of line.splice(0)) reject(new ComputeError('sandbox_unavailable', 503, message));
    },
  };
}
