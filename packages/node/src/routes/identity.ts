import {
  account,
  address,
  challenge,
  challengeRequest,
  loginAnswer,
  loginRequest,
  securityEvent,
  session,
  signInNonce,
  solanaWallet,
  type Address,
  type Role,
  type SolanaWallet,
} from '@freehold/protocol';
import type { Identity } from '@freehold/identity';
import { z } from 'zod';
import { clearSessionCookie, setSessionCookie } from '../http/cookie.ts';
import { callerOf, route, sessionOf } from '../http/route.ts';
import { RequestError } from '../error.ts';

export const identityRoutes = ({ identity, onRemoved }: { identity: Identity; onRemoved: (account: string) => Promise<void> }) => {
  /** An administrator lets members and guests in and out; administrators are the owner's to make and to end. */
  async function assertMayChange(call: Parameters<typeof callerOf>[0], wallet: Address | SolanaWallet, role?: Role): Promise<void> {
    if (callerOf(call).account.role === 'owner') return;
    const known = await identity.accountOf(wallet);
    if (role !== 'admin' && known?.role !== 'admin') return;
    throw new RequestError('forbidden', 403, 'Only the owner of this node makes administrators and ends them.');
  }

  return [
    route({
      method: 'POST',
      path: '/api/auth/challenge',
      policy: 'anyone',
      summary: 'Ask for the message that a wallet signs to sign in',
      body: challengeRequest,
      answer: challenge,
      handle: ({ body, arrival }) => identity.challenge({ ...body, origin: arrival.origin, ip: arrival.remoteAddress }),
    }),
    route({
      method: 'POST',
      path: '/api/auth/login',
      policy: 'anyone',
      summary: 'Sign in with the signed message; claims a node that has no owner yet',
      body: loginRequest,
      answer: loginAnswer,
      async handle({ body, arrival, reply }) {
        const claimProof = arrival.isLoopback ? ('loopback' as const) : body.claimCode === undefined ? undefined : { code: body.claimCode };
        const { token, ...answer } = await identity.login({
          nonce: body.nonce,
          message: body.message,
          signature: body.signature,
          origin: arrival.origin,
          claimProof,
          userAgent: arrival.userAgent,
          ip: arrival.remoteAddress,
        });
        if (body.transport === 'bearer') return { ...answer, token };
        setSessionCookie(reply, arrival, token);
        return answer;
      },
    }),
    route({
      method: 'POST',
      path: '/api/auth/nonce',
      policy: 'anyone',
      summary: 'A nonce for a program that writes the EIP-4361 message itself',
      answer: signInNonce,
      handle: ({ arrival }) => identity.signInNonce({ origin: arrival.origin, ip: arrival.remoteAddress }),
    }),
    route({
      method: 'GET',
      path: '/api/security-events',
      policy: 'session',
      summary: 'What happened to the safety of the caller’s account, newest first',
      query: z.strictObject({ before: z.coerce.number().int().positive().optional() }),
      answer: z.object({ events: z.array(securityEvent), next: z.number().nullable() }),
      handle: (call) =>
        identity.securityEvents({
          address: sessionOf(call).account.address,
          ...(call.query.before !== undefined && { before: call.query.before }),
        }),
    }),
    route({
      method: 'GET',
      path: '/api/auth/session',
      policy: 'session',
      summary: 'Who is signed in',
      answer: z.object({ account, session }),
      async handle(call) {
        const { account, session } = sessionOf(call);
        return { account, session };
      },
    }),
    route({
      method: 'POST',
      path: '/api/auth/logout',
      policy: 'session',
      summary: 'End this session',
      status: 204,
      async handle(call) {
        const { account, session } = sessionOf(call);
        await identity.revoke({ address: account.address, id: session.id });
        clearSessionCookie(call.reply, call.arrival);
      },
    }),
    route({
      method: 'GET',
      path: '/api/sessions',
      policy: 'session',
      summary: 'The sessions of the caller',
      answer: z.object({ sessions: z.array(session) }),
      async handle(call) {
        const { account, session } = sessionOf(call);
        return { sessions: await identity.sessions({ address: account.address, current: session.id }) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/sessions/:id',
      policy: 'session',
      summary: 'End one session of the caller',
      params: z.strictObject({ id: z.string().max(128) }),
      status: 204,
      async handle(call) {
        await identity.revoke({ address: sessionOf(call).account.address, id: call.params.id });
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/sessions',
      policy: 'session',
      summary: 'End all other sessions of the caller',
      status: 204,
      async handle(call) {
        const { account, session } = sessionOf(call);
        await identity.revokeOthers({ address: account.address, current: session.id });
      },
    }),
    route({
      method: 'GET',
      path: '/api/accounts',
      policy: 'admin',
      summary: 'The accounts of this node',
      answer: z.object({ accounts: z.array(account) }),
      handle: async () => ({ accounts: await identity.accounts() }),
    }),
    route({
      method: 'POST',
      path: '/api/accounts',
      policy: 'admin',
      summary: 'Allow a wallet to sign in',
      body: z.strictObject({
        address: z.union([address, solanaWallet]),
        role: z.enum(['admin', 'member', 'guest']),
        expiresAt: z.number().int().positive().nullable().optional(),
      }),
      answer: account,
      status: 201,
      async handle(call) {
        const { body } = call;
        await assertMayChange(call, body.address, body.role);
        return identity.allow({ ...body, expiresAt: body.expiresAt ?? null });
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/accounts/:address',
      policy: 'admin',
      summary: 'Remove an account and end its sessions',
      params: z.strictObject({ address }),
      status: 204,
      async handle(call) {
        const { params } = call;
        await assertMayChange(call, params.address);
        await identity.remove({ address: params.address });
        await onRemoved(params.address);
      },
    }),
    route({
      method: 'GET',
      path: '/api/signers',
      policy: 'anyone',
      summary: 'Addresses with which this node has signed receipts, the present one first',
      answer: z.object({ signers: z.array(z.object({ address, since: z.number(), until: z.number().optional() })) }),
      handle: async () => ({ signers: await identity.signers() }),
    }),
  ];
};
