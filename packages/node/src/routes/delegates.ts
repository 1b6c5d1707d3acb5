import type { Identity } from '@freehold/identity';
import { accessToken, appPassword, authorizedApp, newAppPassword } from '@freehold/protocol';
import { z } from 'zod';
import { route, sessionOf } from '../http/route.ts';

const id = z.strictObject({ id: z.string().max(128) });
const app = z.strictObject({ app: z.string().max(64) });
const permission = z.string().min(1).max(4096);

/** What acts for a person: apps, access tokens and app passwords. Only the person itself sees and changes them, in a session of its own. */
export const delegateRoutes = (identity: Identity) => {
  const mine = (call: Parameters<typeof sessionOf>[0]) => ({ address: sessionOf(call).account.address });
  return [
    route({
      method: 'GET',
      path: '/api/apps',
      policy: 'session',
      summary: 'The apps that the caller let in, and what they may',
      answer: z.object({ apps: z.array(authorizedApp) }),
      handle: async (call) => ({ apps: await identity.apps(mine(call)) }),
    }),
    route({
      method: 'POST',
      path: '/api/apps',
      policy: 'session',
      summary: 'Let in the app that an origin serves, and make it a token that ends with this session',
      body: z.strictObject({ origin: z.string().max(2048), name: z.string().max(200).optional() }),
      answer: z.object({ app: z.string(), token: z.string() }),
      status: 201,
      async handle(call) {
        const { account, session } = sessionOf(call);
        const { origin, name } = call.body;
        const made = await identity.authorize({ address: account.address, origin, ...(name !== undefined && { name }) });
        const { token } = await identity.createAppToken({ address: account.address, session: session.id, app: made.app });
        return { app: made.app, token };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/apps/:app',
      policy: 'session',
      summary: 'Show an app out: its tokens and permissions end, its data stays',
      params: app,
      status: 204,
      async handle(call) {
        await identity.forget({ ...mine(call), ...call.params });
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/apps/:app/permissions/:permission',
      policy: 'session',
      summary: 'Take one permission from an app, as it is spelled in the list',
      params: app.extend({ permission }),
      status: 204,
      async handle(call) {
        await identity.withdraw({ ...mine(call), ...call.params });
      },
    }),
    route({
      method: 'GET',
      path: '/api/access-tokens',
      policy: 'session',
      summary: 'The access tokens that the caller or its apps made',
      answer: z.object({ tokens: z.array(accessToken) }),
      handle: async (call) => ({ tokens: await identity.accessTokens(mine(call)) }),
    }),
    route({
      method: 'DELETE',
      path: '/api/access-tokens/:id',
      policy: 'session',
      summary: 'End an access token',
      params: id,
      status: 204,
      async handle(call) {
        await identity.revokeAccessToken({ ...mine(call), app: undefined, tokenOrId: call.params.id });
      },
    }),
    route({
      method: 'GET',
      path: '/api/app-passwords',
      policy: 'session',
      summary: 'The app passwords of the caller; never the passwords themselves',
      answer: z.object({ passwords: z.array(appPassword) }),
      handle: async (call) => ({ passwords: await identity.passwords(mine(call)) }),
    }),
    route({
      method: 'POST',
      path: '/api/app-passwords',
      policy: 'session',
      summary: 'Make a password for one program that mounts the drive; it is answered this once',
      body: z.strictObject({ label: z.string().trim().min(1).max(100), access: z.enum(['read', 'write']) }),
      answer: newAppPassword,
      status: 201,
      handle: (call) => identity.createPassword({ ...mine(call), ...call.body }),
    }),
    route({
      method: 'DELETE',
      path: '/api/app-passwords/:id',
      policy: 'session',
      summary: 'Revoke an app password',
      params: id,
      status: 204,
      async handle(call) {
        await identity.revokePassword({ ...mine(call), ...call.params });
      },
    }),
  ];
};
