import type { Identity } from '@freehold/identity';
import {
  FreeholdError,
  keyService,
  signAnswer,
  signRequest,
  signUpAnswer,
  signUpRequest,
  verifyAnswer,
  verifyRequest,
  wallet,
  walletUser,
  type Account,
} from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { setSessionCookie } from '../http/cookie.ts';
import { csvOf } from '../http/csv.ts';
import { networkOf } from '../http/network-of.ts';
import { openRate } from '../http/rate.ts';
import { route, sessionOf, type Call } from '../http/route.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';

const userId = z.string().min(1).max(128);
const hex64 = z
  .string()
  .regex(/^(0x)?([0-9a-fA-F]{2}){0,64}$/, 'must be at most 64 bytes in hexadecimal')
  .transform((text) => Buffer.from(text.replace(/^0x/, ''), 'hex'));
const mostUsers = 10_000;

/**
 * Wallets that the key service derives: seed 000's API, and what it leaves out. Whose wallet it is says the session, never the URL; a
 * name in the URL that is another's is refused.
 */
export const walletRoutes = ({
  identity,
  log,
  metrics,
  now,
  signUp,
  exposeInfo,
}: {
  identity: Identity;
  log: Log;
  metrics: () => Metrics;
  now: () => number;
  signUp: 'closed' | 'open';
  exposeInfo: boolean;
}) => {
  const signRate = openRate({ perMinute: 120, what: 'signatures of one account', now });
  const verifyRate = openRate({ perMinute: 600, what: 'verifications from one network', now });
  const signUpRate = openRate({ perMinute: 10, what: 'sign-ups from one network', now });

  /** Tells the log what the seed wants told of each call: who, how long, and how it ended. */
  async function told<T>(
    event: 'signup' | 'sign' | 'verify' | 'admin_list',
    { request }: Pick<Call<unknown, unknown, unknown>, 'request'>,
    who: string | undefined,
    work: () => Promise<T>,
  ) {
    const begun = performance.now();
    const tell = (result: 'ok' | 'error', errorCode?: string) =>
      log(event, {
        userId: who,
        request_id: request.id,
        latency_ms: Math.round((performance.now() - begun) * 100) / 100,
        result,
        error_code: errorCode,
      });
    try {
      const answer = await work();
      tell('ok');
      return answer;
    } catch (error) {
      tell('error', error instanceof FreeholdError ? error.code : 'internal');
      throw error;
    }
  }

  const timed = async <T>(what: 'dstack' | 'sign' | 'verify', work: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    const answer = await work();
    metrics().walletTime(what, performance.now() - begun);
    return answer;
  };

  /** Errors: `forbidden` when the name is not the caller's own. */
  async function assertOwn({ address }: Account, name: string): Promise<void> {
    if (name === 'me' || name.toLowerCase() === address.toLowerCase() || name === (await identity.userIdOf(address))) return;
    throw new RequestError('forbidden', 403, 'A wallet is used by its own person only. Sign in as that person, or use "me".');
  }

  async function primaryKey(account: Account) {
    const key = (await timed('dstack', () => identity.walletKeys(account.address))).find(({ algorithm }) => algorithm === 'secp256k1');
    if (!key) throw new RequestError('not_found', 404, 'This account has no wallet yet.');
    return { address: key.address, pubKeyHex: key.publicKey };
  }

  async function walletOf(account: Account) {
    const keys = await timed('dstack', () => identity.walletKeys(account.address));
    const service = identity.keyService();
    if (!service) throw new RequestError('not_found', 404, 'This node has no key service.');
    return { account: account.address, keys, service };
  }

  return [
    route({
      method: 'POST',
      path: '/api/signup',
      policy: 'anyone',
      summary: 'Become a member with a wallet that the key service derives; the owner may sign up others at any time',
      body: signUpRequest,
      answer: signUpAnswer,
      status: 201,
      handle: async (call) =>
        told('signup', call, call.body.userId, async () => {
          const { body, arrival, caller, reply } = call;
          const isByOwner = (caller?.account.role === 'owner' || caller?.account.role === 'admin') && !caller.delegate;
          if (!isByOwner) {
            if (signUp === 'closed')
              throw new RequestError(
                'forbidden',
                403,
                'Sign-up is closed on this node. Ask its owner to sign you up, or to open it with FREEHOLD_SIGN_UP=open.',
              );
            signUpRate(networkOf(arrival.remoteAddress));
          }
          const { user, started } = await timed('dstack', () =>
            identity.signUp({
              email: body.email,
              userId: body.userId,
              arrival: isByOwner ? undefined : { userAgent: arrival.userAgent, ip: arrival.remoteAddress },
            }),
          );
          metrics().walletCall('signup');
          if (!started) return user;
          if (body.transport === 'bearer') return { ...user, token: started.token };
          setSessionCookie(reply, arrival, started.token);
          return user;
        }),
    }),
    route({
      method: 'GET',
      path: '/api/users/me/keys',
      policy: 'session',
      summary: 'Address and public key of the caller’s wallet',
      query: z.strictObject({ userId: userId.optional() }),
      answer: z.object({ address: z.string(), pubKeyHex: z.string() }),
      async handle(call) {
        const { account } = sessionOf(call);
        if (call.query.userId !== undefined) await assertOwn(account, call.query.userId);
        return primaryKey(account);
      },
    }),
    route({
      method: 'POST',
      path: '/api/users/:userId/sign',
      policy: 'session',
      summary: 'Sign with the caller’s own wallet: a text, typed data, a transaction or a user operation',
      params: z.strictObject({ userId }),
      body: signRequest,
      answer: signAnswer,
      handle: async (call) =>
        told('sign', call, call.params.userId, async () => {
          const { account } = sessionOf(call);
          await assertOwn(account, call.params.userId);
          signRate(account.address);
          const answer = await timed('sign', () => identity.signWithWallet(account.address, call.body));
          metrics().walletCall('sign');
          return answer;
        }),
    }),
    route({
      method: 'POST',
      path: '/api/verify',
      policy: 'anyone',
      summary: 'Whether a key signed a message, and whether its signature chain leads to a trusted root',
      body: verifyRequest,
      answer: verifyAnswer,
      handle: async (call) =>
        told('verify', call, undefined, async () => {
          verifyRate(networkOf(call.arrival.remoteAddress));
          const answer = await timed('verify', async () => identity.verifySignature(call.body));
          metrics().walletCall('verify');
          return answer;
        }),
    }),
    route({
      method: 'GET',
      path: '/api/wallet',
      policy: 'session',
      summary: 'All keys of the caller’s wallet with their signature chains, and the key service',
      answer: wallet,
      handle: async (call) => walletOf(sessionOf(call).account),
    }),
    route({
      method: 'POST',
      path: '/api/wallet/rotate',
      policy: 'session',
      summary: 'Make the next version of the wallet’s keys; what the old ones signed stays valid',
      answer: wallet,
      status: 201,
      async handle(call) {
        const { account } = sessionOf(call);
        signRate(account.address);
        await identity.rotateWallet(account.address);
        return walletOf(account);
      },
    }),
    route({
      method: 'GET',
      path: '/api/attestation',
      policy: 'anyone',
      summary: 'The key service, and with reportData a quote of the hardware over it',
      query: z.strictObject({ reportData: hex64.optional() }),
      answer: z.object({ service: keyService, quote: z.record(z.string(), z.unknown()).optional() }),
      async handle({ query, arrival }) {
        const service = identity.keyService();
        if (!service) throw new RequestError('not_found', 404, 'This node has no key service, so there is nothing to attest.');
        if (!query.reportData) return { service };
        verifyRate(networkOf(arrival.remoteAddress));
        return { service, quote: await identity.quote(query.reportData) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/admin/users',
      policy: 'admin',
      summary: 'Everybody who signed up, oldest first; as CSV with format=csv',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(mostUsers).default(mostUsers),
        after: z.coerce.number().int().nonnegative().optional(),
        search: z.string().max(200).optional(),
        format: z.enum(['json', 'csv']).default('json'),
      }),
      answer: z.object({ users: z.array(walletUser), next: z.number().nullable() }),
      handle: async (call) =>
        told('admin_list', call, undefined, async () => {
          const { format, after, ...page } = call.query;
          const answer = await identity.walletUsers({ ...page, ...(after !== undefined && { after }) });
          if (format === 'json') return answer;
          return call.reply
            .headers({
              'content-type': 'text/csv; charset=utf-8',
              'content-disposition': 'attachment; filename="users.csv"',
              'cache-control': 'no-store',
            })
            .send(csvOf(['id', 'email', 'userId', 'pubKeyHex', 'address', 'createdAt'], answer.users));
        }),
    }),
    ...(exposeInfo
      ? [
          route({
            method: 'GET',
            path: '/api/info',
            policy: 'anyone',
            summary: 'What the key service says of itself (EXPOSE_INFO=true)',
            answer: z.record(z.string(), z.unknown()),
            handle: async () => identity.keyServiceInfo(),
          }),
        ]
      : []),
  ];
};
