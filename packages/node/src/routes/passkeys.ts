import type { Identity } from '@freehold/identity';
import { loginAnswer, newPasskey, passkey, passkeyAnswer } from '@freehold/protocol';
import { z } from 'zod';
import { setSessionCookie } from '../http/cookie.ts';
import { route, sessionOf, type Arrival } from '../http/route.ts';

/** As WebAuthn has them: whole, for the browser alone. */
const options = z.record(z.string(), z.unknown());
const from = ({ origin, remoteAddress, userAgent }: Arrival) => ({ origin, ip: remoteAddress, userAgent });

/** Passkeys: adding them to an account, and signing in with one. */
export const passkeyRoutes = (identity: Identity) => [
  route({
    method: 'GET',
    path: '/api/passkeys',
    policy: 'session',
    summary: 'The passkeys of the caller',
    answer: z.object({ passkeys: z.array(passkey) }),
    handle: async (call) => ({ passkeys: await identity.passkeys({ address: sessionOf(call).account.address }) }),
  }),
  route({
    method: 'POST',
    path: '/api/passkeys/options',
    policy: 'session',
    summary: 'What the browser needs to make a passkey (PublicKeyCredentialCreationOptionsJSON)',
    answer: options,
    async handle(call) {
      const { account } = sessionOf(call);
      const name = (await identity.userIdOf(account.address)) ?? account.wallet ?? account.address;
      return { ...(await identity.passkeyOptions({ account, name, ...from(call.arrival) })) };
    },
  }),
  route({
    method: 'POST',
    path: '/api/passkeys',
    policy: 'session',
    summary: 'Add the passkey that the browser made',
    body: z.strictObject({ label: z.string().max(100).default(''), passkey: newPasskey }),
    answer: passkey,
    status: 201,
    handle: (call) =>
      identity.addPasskey({
        account: sessionOf(call).account,
        response: call.body.passkey,
        label: call.body.label,
        from: from(call.arrival),
      }),
  }),
  route({
    method: 'DELETE',
    path: '/api/passkeys/:id',
    policy: 'session',
    summary: 'Remove a passkey of the caller',
    params: z.strictObject({ id: z.string().max(2048) }),
    status: 204,
    async handle(call) {
      await identity.removePasskey({ address: sessionOf(call).account.address, id: call.params.id, from: from(call.arrival) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/passkey/options',
    policy: 'anyone',
    summary: 'What the browser needs to sign in with a passkey (PublicKeyCredentialRequestOptionsJSON)',
    answer: options,
    handle: async ({ arrival }) => ({ ...(await identity.passkeyChallenge(from(arrival))) }),
  }),
  route({
    method: 'POST',
    path: '/api/auth/passkey',
    policy: 'anyone',
    summary: 'Sign in with a passkey',
    body: z.strictObject({ passkey: passkeyAnswer, transport: z.enum(['cookie', 'bearer']).optional() }),
    answer: loginAnswer,
    async handle({ body, arrival, reply }) {
      const { token, ...answer } = await identity.loginWithPasskey({ response: body.passkey, from: from(arrival) });
      if (body.transport === 'bearer') return { ...answer, token };
      setSessionCookie(reply, arrival, token);
      return answer;
    },
  }),
];
