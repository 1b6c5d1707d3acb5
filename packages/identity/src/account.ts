import type { Account } from '@freehold/protocol';

/** True once an invitation has ended. An owner's account has no end. */
export const isExpired = (account: Account, now: number) => account.expiresAt !== null && account.expiresAt <= now;
