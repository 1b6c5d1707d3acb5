import { ComputeError, type Compute, type FunctionHead, type Service } from '@freehold/compute';
import { DriveError, type Drive } from '@freehold/drive';
import type { Identity, Principal } from '@freehold/identity';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { openAnswerStream } from '../http/answer-stream.ts';
import { openInputReader } from '../http/body.ts';
import { headersOf } from '../http/exchange-route.ts';
import { route, sessionOf, type Call } from '../http/route.ts';
import { sandboxHeaders } from '../http/user-content.ts';
import type { LentTokens } from '../lent-tokens.ts';
import { actingAs } from '../worker-app.ts';
import { scriptOf } from '../worker-script.ts';
import { puterService, type Perform } from '../worker-services.ts';
import { nodeHeaders } from './function-head.ts';
import { toFunctionRequest } from './function-request.ts';

/** Calls of all workers at once, and of one; more are sent away, to come back when there is room. */
const mostCalls = { all: 128, each: 32 };
const inputBytes = { memoryBytes: 128 * 1024 * 1024, diskBytes: 512 * 1024 * 1024 };

export type WorkerRoutes = {
  compute: Compute;
  drive: Drive;
  identity: Identity;
  lent: LentTokens;
  /** Whose token this is. */
  authenticate: (token: string) => Promise<Principal | undefined>;
  perform: Perform;
  /** Where large inputs wait. */
  directory: string;
};

/** `/workers/NAME/…`: Puter's workers. They see nothing of the session of whoever calls, and `puter-auth` only through `user.puter`. */
export const workerRoutes = ({ compute, drive, identity, lent, authenticate, perform, directory }: WorkerRoutes) => {
  const inputs = openInputReader({ directory, ...inputBytes });
  const running = new Map<string, number>();
  let total = 0;

  const handle = async ({
    params: { worker: named },
    request,
    reply,
    arrival,
    stream,
    signal,
  }: Call<{ worker: string }, unknown, undefined>) => {
    reply.headers(publicHeaders);
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined)
      return reply
        .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
        .code(204)
        .send();
    const worker = await compute.workers.find(named.toLowerCase());
    const me = worker && (await actingAs(identity, { address: worker.account, worker: worker.name, app: worker.app }));
    const script = me && (await scriptOf(drive, worker).catch(ignoreLoss));
    if (!script) throw new RequestError('not_found', 404, `There is no worker named ${JSON.stringify(named.slice(0, 64))} on this node.`);
    const busy = running.get(worker.name) ?? 0;
    if (total >= mostCalls.all || busy >= mostCalls.each) {
      reply.header('retry-after', '1');
      throw new RequestError('too_many_requests', 429, 'This worker has as many calls as it can take. Send the request again in a moment.');
    }

    const user = await callerFor(worker, request.headers['puter-auth']);
    const tokens = { me: lent.lend(me), ...(user && { user: lent.lend(user) }) };
    const services: Record<string, Service> = {};
    for (const [name, { token }] of Object.entries(tokens)) services[name] = puterService({ perform, token });
    const answers = openAnswerStream({
      request: request.raw,
      response: reply.raw,
      begin(head) {
        sendHead(head, reply);
        reply.hijack();
        return { status: reply.statusCode, headers: headersOf(reply) };
      },
      trailers: [],
      holdMs: compute.workers.limits.wallMs,
    });
    running.set(worker.name, busy + 1);
    total++;
    try {
      const called = toFunctionRequest(request.raw, arrival);
      const { result, response } = await inputs.with(stream, { limit: compute.workers.limits.inputBytes }, (input) =>
        compute.workers.call({
          worker,
          script,
          request: { ...called, path: /^\/[^/]*(\/.*)?$/.exec(called.path)?.[1] ?? '' },
          input,
          services,
          signal,
          ...(request.method !== 'HEAD' && { sink: answers.sink }),
        }),
      );
      const streamed = answers.take();
      if (answers.hasBegun()) {
        if (response) answers.end({});
        else answers.breakOff();
        return reply;
      }
      if (!response) throw failed(result.reason);
      sendHead(response, reply);
      const body = streamed ?? response.body;
      return reply.send(body.length === 0 ? undefined : body);
    } catch (error) {
      answers.take();
      if (!answers.hasBegun()) throw error;
      answers.breakOff();
      return reply;
    } finally {
      total--;
      const left = (running.get(worker.name) ?? 1) - 1;
      if (left > 0) running.set(worker.name, left);
      else running.delete(worker.name);
      for (const token of Object.values(tokens)) token.end();
    }
  };

  /**
   * As whom `user.puter` acts: an app or a token that calls lends itself as it is; a person in person only as far as the worker's
   * app may act for it.
   */
  async function callerFor(worker: { name: string; app: string }, token: string | string[] | undefined): Promise<Principal | undefined> {
    if (typeof token !== 'string' || token.length > 512) return undefined;
    const principal = await authenticate(token);
    if (!principal || principal.delegate?.kind === 'password') return undefined;
    if (principal.delegate) return principal;
    return actingAs(identity, { address: principal.account.address, worker: worker.name, app: worker.app });
  }

  const params = z.object({ worker: z.string().min(1).max(64) });
  const common = { method: 'ANY', policy: 'anyone', body: 'stream', query: z.record(z.string(), z.unknown()) } as const;
  return [
    route({ ...common, path: '/workers/:worker', summary: 'Call a Puter worker', params, handle }),
    route({ ...common, path: '/workers/:worker/*', summary: 'Call a Puter worker with a path', params: params.loose(), handle }),
    route({
      method: 'GET',
      path: '/api/workers',
      policy: 'session',
      summary: 'The Puter workers of the caller',
      async handle(call) {
        const workers = await compute.workers.list(sessionOf(call).account.address);
        return {
          workers: workers.map(({ name, app, entry, createdAt }) => ({
            name,
            app,
            entry,
            createdAt,
            url: `${call.arrival.origin}/workers/${name}`,
          })),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/workers/:worker/logs',
      policy: 'session',
      summary: 'What the calls of a worker of the caller wrote, newest first',
      params,
      async handle(call) {
        const worker = await compute.workers.find(call.params.worker.toLowerCase());
        if (!worker || worker.account !== sessionOf(call).account.address)
          throw new RequestError('not_found', 404, `You have no worker named ${JSON.stringify(call.params.worker)}.`);
        return { calls: await compute.workers.logs(worker.name) };
      },
    }),
  ];
};

/** Any page may call a worker: it has no ambient authority. */
const publicHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-expose-headers': '*',
  'cross-origin-resource-policy': 'cross-origin',
} as const;

/** Status and headers of a worker's answer, as far as they are its to say; it sets no cookies of this host. */
function sendHead({ status, headers }: FunctionHead, reply: FastifyReply): void {
  const values = Map.groupBy(
    headers.filter(([name]) => !nodeHeaders.test(name) && name !== 'set-cookie'),
    ([name]) => name,
  );
  for (const [name, group] of values) reply.header(name, group.map(([, value]) => value).join(', '));
  // Last, so that no worker can lift the policy under which its output is shown.
  reply.headers({ 'cache-control': 'no-store', ...sandboxHeaders }).code(status);
}

const failed = (reason: string) =>
  new ComputeError(
    'function_failed',
    reason === 'wall' || reason === 'cpu' ? 504 : 502,
    'The worker was stopped before it answered. Its owner finds the reason in its log.',
  );

function ignoreLoss(error: unknown): undefined {
  if (!(error instanceof DriveError)) throw error;
}
