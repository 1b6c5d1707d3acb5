import type { Address } from '@freehold/protocol';

export type Role = 'owner' | 'member' | 'guest';

/** A wallet that may sign in. Times are milliseconds since the epoch; an owner never expires. */
export type Account = { address: Address; role: Role; createdAt: number; expiresAt: number | null };

export const isExpired = (account: Account, now: number) => account.expiresAt !== null && account.expiresAt <= now;
