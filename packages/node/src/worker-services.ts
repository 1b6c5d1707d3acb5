import type { Service } from '@freehold/compute';
import { z } from 'zod';
import { RequestError } from './error.ts';

/** What Puter's subset in a worker may ask of this node: `fs`, `kv` and who it is. */
const reached: Record<string, ReadonlySet<string>> = {
  GET: new Set(['/read', '/whoami']),
  POST: new Set(['/stat', '/readdir', '/batch', '/mkdir', '/delete', '/copy', '/move', '/rename', '/df', '/drivers/call']),
};
const asked = z.object({
  method: z.enum(['GET', 'POST']),
  url: z.url().max(16_384),
  headers: z.array(z.tuple([z.string(), z.string()])).max(50),
});

/** Of the drivers, the key-value store alone: with others a worker could make itself at home with whoever calls it, for good. */
const driverCall = z.looseObject({ interface: z.literal('puter-kvstore'), auth_token: z.undefined().optional() });

/** Does a request of one's own within the node; a large answer comes as it is read. */
export type Perform = (request: {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  payload?: Buffer;
}) => Promise<{ statusCode: number; headers: Record<string, unknown>; body: AsyncIterable<Uint8Array> }>;

/** `me.puter` or `user.puter` of a worker: the node's own API, asked with a token that the worker never sees. */
export const puterService =
  ({ perform, token }: { perform: Perform; token: string }): Service =>
  async ({ head, body }) => {
    const { method, url, headers } = asked.parse(head);
    const { pathname, search } = new URL(url);
    if (!reached[method]?.has(pathname)) throw new RequestError('not_found', 404, `A worker cannot ask for ${method} ${pathname}.`);
    const payload = pathname === '/drivers/call' ? Buffer.from(JSON.stringify(readDriverCall(body))) : Buffer.from(body);
    const type = headers.find(([name]) => name === 'content-type')?.[1];
    const answer = await perform({
      method,
      url: `${pathname}${search}`,
      headers: { authorization: `Bearer ${token}`, host: 'localhost', ...(type !== undefined && { 'content-type': type }) },
      ...(payload.length > 0 && { payload }),
    });
    const said = answer.headers['content-type'];
    return {
      head: {
        status: answer.statusCode,
        statusText: '',
        headers: typeof said === 'string' ? [['content-type', said]] : [],
        url,
        redirected: false,
      },
      body: answer.body,
    };
  };

/** What was looked at is what is sent on, not the text that it was read from. */
function readDriverCall(body: Uint8Array): unknown {
  try {
    return driverCall.parse(JSON.parse(Buffer.from(body).toString()));
  } catch {
    throw new RequestError('forbidden', 403, 'A worker can ask of the drivers only the key-value store.');
  }
}
