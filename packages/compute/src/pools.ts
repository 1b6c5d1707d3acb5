import type { Offer } from '@freehold/protocol';

/** A share of the node, from the configuration: `spare:0.5` or `spare:0.5:0.25`. */
export type PoolFraction = {
  name: string;
  /** Of the memory of the machine, more than 0 and at most 1. */
  memory: number;
  /** Of the programs that may run at once. */
  slots: number;
};

export type Pools = ReturnType<typeof openPools>;

/**
 * Capacity that its owner gives away while it is spare: an offer that names a pool is free while there is room in it, and costs its
 * price when there is none. Room is what the offers' limits allow, not what the programs happen to use, so it is never given twice.
 */
export function openPools({
  fractions,
  concurrency,
  memoryBytes,
}: {
  fractions: readonly PoolFraction[];
  concurrency: number;
  memoryBytes: number;
}) {
  const pools = new Map(
    fractions.map(({ name, memory, slots }) => [
      name,
      { slots: Math.max(1, Math.floor(concurrency * slots)), memoryBytes: Math.floor(memoryBytes * memory), running: 0, usedBytes: 0 },
    ]),
  );

  const poolOf = ({ pool }: Offer) => (pool === undefined ? undefined : pools.get(pool));

  function hasRoom(offer: Offer): boolean {
    const pool = poolOf(offer);
    return pool !== undefined && pool.running < pool.slots && pool.usedBytes + offer.limits.memoryBytes <= pool.memoryBytes;
  }

  return {
    hasRoom,

    /** Takes the room for one run; undefined when there is none. The answer gives it back, once however often it is called. */
    take(offer: Offer): (() => void) | undefined {
      const pool = poolOf(offer);
      if (!pool || !hasRoom(offer)) return undefined;
      const { memoryBytes } = offer.limits;
      pool.running += 1;
      pool.usedBytes += memoryBytes;
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        pool.running -= 1;
        pool.usedBytes -= memoryBytes;
      };
    },

    /** Why no call of an offer could ever be free here, as a sentence; null when its pool is one of this node, or it names none. */
    refusalOf(offer: Offer): string | null {
      if (offer.pool === undefined) return null;
      const pool = poolOf(offer);
      if (!pool) {
        const names = [...pools.keys()].join(', ');
        return `This node has no pool "${offer.pool}". ${names === '' ? 'It has none: leave "pool" out.' : `It has: ${names}.`}`;
      }
      return offer.limits.memoryBytes <= pool.memoryBytes
        ? null
        : `The pool "${offer.pool}" has ${Math.floor(pool.memoryBytes / 1024 / 1024)} MiB, less than "limits.memoryBytes" of this offer.`;
    },
  };
}
