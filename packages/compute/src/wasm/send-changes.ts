import type { SentChange } from './job.ts';
import type { MountChange } from './mount.ts';

/** Takes the bytes of changed files out of their changes: those go into the body of the frame. */
export function toSent(changes: readonly MountChange[][] | undefined): { heads: SentChange[][] | undefined; bytes: Uint8Array[] } {
  const taken: Uint8Array[] = [];
  const heads = changes?.map((list) =>
    list.map((change): SentChange => {
      if (!('bytes' in change)) return change;
      const { bytes, ...rest } = change;
      taken.push(bytes);
      return { ...rest, length: bytes.length };
    }),
  );
  return { heads, bytes: taken };
}
