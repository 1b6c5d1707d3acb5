import { randomBytes } from 'node:crypto';
import type { Principal } from '@freehold/identity';

/**
 * Tokens that stand for somebody while something is done for him within this process, such as a call of a worker. They are known
 * to the node alone, are written nowhere, and end with what they were made for.
 */
export function openLentTokens() {
  const lent = new Map<string, Principal>();
  return {
    principalOf: (token: string): Principal | undefined => lent.get(token),
    lend(principal: Principal): { token: string; end(): void } {
      const token = `lent-${randomBytes(32).toString('base64url')}`;
      lent.set(token, principal);
      return { token, end: () => void lent.delete(token) };
    },
  };
}

export type LentTokens = ReturnType<typeof openLentTokens>;
