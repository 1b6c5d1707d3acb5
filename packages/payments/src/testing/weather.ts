import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Call = { method: string; params: unknown[] };
type Reply = { id?: unknown; result?: unknown; error?: unknown };

/**
 * A way to the chain on which things happen: `isDown` cuts every connection; `before` and `after` see each JSON-RPC call on
 * its way there and its result on the way back, and may cut that connection by answering 'cut', fail it with status 500 by 'fail', answer what is no JSON by
 * 'garble', or leave it without an answer by 'hang'. `lie` may put another result in the place of the chain's.
 */
export async function openWeather(rpcUrl: string) {
  type Fate = 'cut' | 'fail' | 'garble' | 'hang';
  const weather = {
    isDown: false,
    before: (_call: Call): Fate | void => undefined,
    after: (_call: Call, _result: unknown): Fate | void => undefined,
    lie: (_call: Call, result: unknown): unknown => result,
    /** How many calls there were, by method. */
    counts: new Map<string, number>(),
    /** As it was at the beginning. */
    clear() {
      weather.isDown = false;
      weather.before = weather.after = () => undefined;
      weather.lie = (_call, result) => result;
    },
    url: '',
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };

  function befall(fate: Fate, response: ServerResponse): void {
    if (fate === 'cut') response.destroy();
    if (fate === 'fail') response.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error');
    if (fate === 'garble') response.setHeader('content-type', 'application/json').end('{"jsonrpc":"2.0","result":');
  }

  async function forward(body: string, response: ServerResponse) {
    const parsed: Call | Call[] = JSON.parse(body);
    const calls = [parsed].flat();
    for (const { method } of calls) weather.counts.set(method, (weather.counts.get(method) ?? 0) + 1);
    if (weather.isDown) return response.destroy();
    const before = calls.map((call) => weather.before(call)).find(Boolean);
    if (before) return befall(before, response);
    const upstream = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const given: Reply | Reply[] = JSON.parse(await upstream.text());
    const replies = [given].flat();
    const after = calls.map((call, index) => weather.after(call, replies[index]?.result)).find(Boolean);
    if (weather.isDown) return response.destroy();
    if (after) return befall(after, response);
    const told = calls.map((call, index) => tell(call, replies[index] ?? {}));
    return response.setHeader('content-type', 'application/json').end(JSON.stringify(Array.isArray(given) ? told : told[0]));
  }

  function tell(call: Call, reply: Reply): Reply {
    const result = weather.lie(call, reply.result);
    if (result === reply.result) return reply;
    return { ...reply, error: undefined, result };
  }

  const server = createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      await forward(Buffer.concat(chunks).toString(), response);
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  weather.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return weather;
}
