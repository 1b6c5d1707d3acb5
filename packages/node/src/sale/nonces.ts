import { randomFillSync } from 'node:crypto';

const size = 16;
const many = 256;

/** Unique names for what nobody pays for. Randomness is fetched for many of them together: each time costs as much. */
export function openNonces(): () => Uint8Array {
  const pool = new Uint8Array(size * many);
  let at = pool.length;

  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += size;
    return pool.slice(at - size, at);
  };
}
