import type { Address } from '@freehold/protocol';
import { ComputeError } from './error.ts';
import type { Store } from './store.ts';

/** How many bytes of programs each account may keep, and what is arriving for it now. */
export type ProgramQuota = ReturnType<typeof openProgramQuota>;

const mebibyte = 1024 * 1024;

/**
 * Programs count for whoever keeps them, by uploading or by selling them, until they are let go. What arrives is counted while it
 * does, so that a disk is not filled by uploads that would be refused at their end.
 */
export function openProgramQuota({
  store,
  limitOf,
  now,
}: {
  store: Pick<Store, 'heldBytes' | 'holdProgram'>;
  /** Bytes that an account may keep. */
  limitOf: (account: Address) => Promise<number>;
  now: () => number;
}) {
  const arriving = new Map<Address, number>();

  const refusal = (limit: number) =>
    new ComputeError(
      'quota_exceeded',
      507,
      `Your programs may take ${Math.floor(limit / mebibyte)} MiB together on this node. Remove some (freehold program list, freehold program remove CID), or ask the owner of the node for more room.`,
    );

  return {
    limitOf,

    /** Refuses what could not be kept any more: `bytes` besides what is kept and arriving. Errors: `quota_exceeded`. */
    async mustHaveRoom(account: Address, bytes: number): Promise<void> {
      const limit = await limitOf(account);
      if ((await store.heldBytes(account)) + (arriving.get(account) ?? 0) + bytes > limit) throw refusal(limit);
    },

    /** Passes a program on while it arrives, and breaks off when it is more than there is room for. Errors: `quota_exceeded`. */
    async *watch(account: Address, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      const limit = await limitOf(account);
      const kept = await store.heldBytes(account);
      let mine = 0;
      try {
        for await (const chunk of content) {
          mine += chunk.length;
          const all = (arriving.get(account) ?? 0) + chunk.length;
          arriving.set(account, all);
          if (kept + all > limit) throw refusal(limit);
          yield chunk;
        }
      } finally {
        const left = (arriving.get(account) ?? 0) - mine;
        if (left > 0) arriving.set(account, left);
        else arriving.delete(account);
      }
    },

    /** Keeps a program for an account. Errors: `quota_exceeded`. */
    async hold(account: Address, { cid, size }: { cid: string; size: number }): Promise<void> {
      const limit = await limitOf(account);
      if (!(await store.holdProgram({ account, program: cid, size, limit, now: now() }))) throw refusal(limit);
    },
  };
}
