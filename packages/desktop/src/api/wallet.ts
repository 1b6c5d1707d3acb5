import { signAnswer, verifyAnswer, wallet, walletUser, type SignAnswer, type VerifyAnswer, type WalletUser } from '@freehold/protocol';
import type { Request } from './request.ts';

export type WalletFacts = ReturnType<typeof wallet.parse>;
export type UserPage = { users: WalletUser[]; next: number | null };

const users = {
  parse(value: unknown): UserPage {
    const { users: rows, next }: { users?: unknown; next?: unknown } = Object(value);
    return { users: walletUser.array().parse(rows), next: typeof next === 'number' ? next : null };
  },
};

/** The wallet that the node's key service keeps for a person, and who signed up for one. */
export function createWalletApi(request: Request) {
  return {
    wallet: (): Promise<WalletFacts> => request(wallet, '/api/wallet'),
    rotate: (): Promise<WalletFacts> => request(wallet, '/api/wallet/rotate', { method: 'POST' }),
    sign: (body: { scheme: string; message: string }): Promise<SignAnswer> =>
      request(signAnswer, '/api/users/me/sign', { method: 'POST', body }),
    verify: (body: object): Promise<VerifyAnswer> => request(verifyAnswer, '/api/verify', { method: 'POST', body }),
    users: ({ search, after }: { search: string; after: number }): Promise<UserPage> =>
      request(users, `/api/admin/users?limit=50&after=${after}&search=${encodeURIComponent(search)}`),
  };
}
