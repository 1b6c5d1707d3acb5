import { createCipheriv, getRandomValues } from 'node:crypto';

/** Fills the bytes it is given. */
export type Random = (target: Uint8Array) => void;

/** Bytes from the operating system, in the portions it gives at most. */
export const realRandom: Random = (target) => {
  for (let from = 0; from < target.length; from += 65_536) {
    target.set(getRandomValues(new Uint8Array(Math.min(65_536, target.length - from))), from);
  }
};

/** The same bytes on every run with the same 32-byte seed: the AES-256-CTR key stream. */
export function seededRandom(seed: Uint8Array): Random {
  const stream = createCipheriv('aes-256-ctr', seed, new Uint8Array(16));
  return (target) => {
    for (let from = 0; from < target.length; from += 65_536) {
      target.set(stream.update(new Uint8Array(Math.min(65_536, target.length - from))), from);
    }
  };
}
