/** Equal work at the same time is done once: whoever comes while it is under way gets the same result. */
export function openShared<Value>() {
  const entries = new Map<string, { promise: Promise<Value>; waiters: number; controller: AbortController }>();

  return {
    /** `work` gets a signal that fires when all who wait for it have gone away. */
    async join(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
      let entry = entries.get(key);
      if (!entry || entry.controller.signal.aborted) {
        const controller = new AbortController();
        const fresh = { promise: work(controller.signal), waiters: 0, controller };
        entries.set(key, fresh);
        entry = fresh;
        const forget = () => {
          if (entries.get(key) === fresh) entries.delete(key);
        };
        fresh.promise.then(forget, forget);
      }
      const { promise, controller } = entry;
      const joined = entry;
      joined.waiters++;
      const leave = () => {
        joined.waiters--;
        if (joined.waiters === 0) controller.abort();
      };
      if (signal?.aborted) leave();
      else signal?.addEventListener('abort', leave, { once: true });
      try {
        return await promise;
      } finally {
        signal?.removeEventListener('abort', leave);
      }
    },
    get: (key: string): Promise<Value> | undefined => entries.get(key)?.promise,
    async idle(): Promise<void> {
      await Promise.allSettled([...entries.values()].map(({ promise }) => promise));
    },
  };
}

export type Shared<Value> = ReturnType<typeof openShared<Value>>;
