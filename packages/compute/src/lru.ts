/** Values by key, at most `most` of them by weight; those that were used least lately go first. */
export function openLru<Value>({ most }: { most: number }) {
  const entries = new Map<string, { value: Value; weight: number }>();
  let total = 0;
  /** The one that was used last: it has its place already. */
  let last: string | undefined;

  function remove(key: string): void {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    total -= entry.weight;
  }

  return {
    get(key: string): Value | undefined {
      const entry = entries.get(key);
      if (!entry || key === last) return entry?.value;
      entries.delete(key);
      entries.set(key, entry);
      last = key;
      return entry.value;
    },
    /** Answers the value. One that is heavier than all may be together is not kept. */
    set(key: string, value: Value, weight: number): Value {
      remove(key);
      if (weight > most) return value;
      entries.set(key, { value, weight });
      last = key;
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= most) break;
        remove(oldest);
      }
      return value;
    },
    delete: remove,
    get size() {
      return entries.size;
    },
  };
}
