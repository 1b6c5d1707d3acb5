import {
  account,
  balance,
  challenge,
  loginAnswer,
  nodeInfo,
  passkey,
  securityEvent,
  session,
  signUpAnswer,
  type Account,
  type Address,
  type Challenge,
  type Hex,
  type NodeInfo,
  type Passkey,
  type SecurityEvent,
  type Session,
} from '@freehold/protocol';
import { nothing, type Request, type Shape } from './request.ts';

/** zod's object, taken from a schema of the protocol, so that this package needs no schema library of its own. */
const currentSession = loginAnswer.pick({ account: true, session: true });
const accountList = { parse: (value: unknown): Account[] => account.array().parse(Object(value)['accounts']) };
const sessionList = { parse: (value: unknown): Session[] => session.array().parse(Object(value)['sessions']) };

const passkeyList = { parse: (value: unknown): Passkey[] => passkey.array().parse(Object(value)['passkeys']) };
const eventList = { parse: (value: unknown): SecurityEvent[] => securityEvent.array().parse(Object(value)['events']) };
/** What only the browser understands. */
const options: Shape<unknown> = { parse: (value) => value };

export type AccountApi = ReturnType<typeof createAccountApi>;
export type Balance = ReturnType<typeof balance.parse>;

export function createAccountApi(request: Request) {
  return {
    node: (): Promise<NodeInfo> => request(nodeInfo, '/api/node'),
    current: () => request(currentSession, '/api/auth/session'),
    challenge: (body: { address: Address; chainId?: number }): Promise<Challenge> =>
      request(challenge, '/api/auth/challenge', { method: 'POST', body }),
    login: (body: { nonce: string; signature: Hex; claimCode?: string }) =>
      request(loginAnswer, '/api/auth/login', { method: 'POST', body }),
    logout: (): Promise<void> => request(nothing, '/api/auth/logout', { method: 'POST' }),
    sessions: (): Promise<Session[]> => request(sessionList, '/api/sessions'),
    revoke: (id: string): Promise<void> => request(nothing, `/api/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    revokeOthers: (): Promise<void> => request(nothing, '/api/sessions', { method: 'DELETE' }),
    accounts: (): Promise<Account[]> => request(accountList, '/api/accounts'),
    allow: (body: { address: Address; role: 'admin' | 'member' | 'guest' }): Promise<Account> =>
      request(account, '/api/accounts', { method: 'POST', body }),
    remove: (address: Address): Promise<void> => request(nothing, `/api/accounts/${address}`, { method: 'DELETE' }),
    signUp: (body: { email: string; userId: string }) => request(signUpAnswer, '/api/signup', { method: 'POST', body }),
    passkeys: (): Promise<Passkey[]> => request(passkeyList, '/api/passkeys'),
    passkeyOptions: () => request(options, '/api/passkeys/options', { method: 'POST' }),
    addPasskey: (body: { label: string; passkey: unknown }): Promise<Passkey> =>
      request(passkey, '/api/passkeys', { method: 'POST', body }),
    removePasskey: (id: string): Promise<void> => request(nothing, `/api/passkeys/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    passkeyChallenge: () => request(options, '/api/auth/passkey/options', { method: 'POST' }),
    loginWithPasskey: (body: { passkey: unknown }) => request(loginAnswer, '/api/auth/passkey', { method: 'POST', body }),
    securityEvents: (): Promise<SecurityEvent[]> => request(eventList, '/api/security-events'),
    balance: (address: Address): Promise<Balance> => request(balance, `/api/chain/balance?address=${address}`),
    faucet: (address: Address): Promise<Balance> => request(balance, '/api/chain/faucet', { method: 'POST', body: { address } }),
  };
}
