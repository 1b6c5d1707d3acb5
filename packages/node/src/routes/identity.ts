import { account, address, challenge, challengeRequest, loginAnswer, loginRequest, session } from '@freehold/protocol';
import type { Identity } from '@freehold/identity';
import { z } from 'zod';
import { clearSessionCookie, setSessionCookie } from '../http/cookie.ts';
import { route, sessionOf } from '../http/route.ts';

export const identityRoutes = ({ identity, onRemoved }: { identity: Identity; onRemoved: (account: string) => Promise<void> }) => [
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
    policy: 'owner',
    summary: 'The accounts of this node',
    answer: z.object({ accounts: z.array(account) }),
    handle: async () => ({ accounts: await identity.accounts() }),
  }),
  route({
    method: 'POST',
    path: '/api/accounts',
    policy: 'owner',
    summary: 'Allow a wallet to sign in',
    body: z.strictObject({ address, role: z.enum(['member', 'guest']), expiresAt: z.number().int().positive().nullable().optional() }),
    answer: account,
    status: 201,
    handle: ({ body }) => identity.allow({ ...body, expiresAt: body.expiresAt ?? null }),
  }),
  route({
    method: 'DELETE',
    path: '/api/accounts/:address',
    policy: 'owner',
    summary: 'Remove an account and end its sessions',
    params: z.strictObject({ address }),
    status: 204,
    async handle({ params }) {
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
