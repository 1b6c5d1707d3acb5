import type { Clock } from './clock.ts';
import { fail } from './errno.ts';
import type { GuestMemory } from './guest-memory.ts';
import { fileType, sizeOf, type Inode } from './volume.ts';

/** Writes a `filestat`, 64 bytes. A standard stream has no inode and only a type. */
export function putFilestat(memory: GuestMemory, pointer: number, inode: Inode | undefined): void {
  const at = pointer >>> 0;
  memory.bytes(at, 64).fill(0);
  memory.setU8(at + 16, inode?.type ?? fileType.characterDevice);
  if (inode === undefined) return;
  memory.setU64(at, 1n);
  memory.setU64(at + 8, inode.inode);
  memory.setU64(at + 24, BigInt(inode.links));
  memory.setU64(at + 32, BigInt(sizeOf(inode)));
  memory.setU64(at + 40, inode.accessed);
  memory.setU64(at + 48, inode.modified);
  memory.setU64(at + 56, inode.changed);
}

const timeFlags = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;

export function setTimes(
  inode: Inode,
  clock: Clock,
  { accessed, modified, flags }: { accessed: bigint; modified: bigint; flags: number },
): void {
  const both = (one: number, other: number) => (flags & one) !== 0 && (flags & other) !== 0;
  if (flags & ~15 || both(timeFlags.accessed, timeFlags.accessedNow) || both(timeFlags.modified, timeFlags.modifiedNow)) fail('inval');
  const now = clock.now(0);
  if (flags & timeFlags.accessed) inode.accessed = BigInt.asUintN(64, accessed);
  if (flags & timeFlags.accessedNow) inode.accessed = now;
  if (flags & timeFlags.modified) inode.modified = BigInt.asUintN(64, modified);
  if (flags & timeFlags.modifiedNow) inode.modified = now;
  inode.changed = now;
}
