export type KeyedLock = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

/** Work under the same key runs one after another, in the order asked for; different keys do not wait for each other. */
export function keyedLock(): KeyedLock {
  const last = new Map<string, Promise<void>>();
  return async (key, work) => {
    const before = last.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    last.set(key, promise);
    await before;
    try {
      return await work();
    } finally {
      if (last.get(key) === promise) last.delete(key);
      resolve();
    }
  };
}
