import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Call = { method: string; params: unknown[] };

/**
 * A way to the chain on which things happen: `isDown` cuts every connection; `before` and `after` see each JSON-RPC call on
 * its way there and its result on the way back, and may cut that connection by answering 'cut'.
 */
export async function openWeather(rpcUrl: string) {
  const weather = {
    isDown: false,
    before: (_call: Call): 'cut' | void => undefined,
    after: (_call: Call, _result: unknown): 'cut' | void => undefined,
    url: '',
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };

  async function forward(body: string, response: ServerResponse) {
    const calls: Call[] = [JSON.parse(body)].flat();
    if (weather.isDown || calls.some((call) => weather.before(call) === 'cut')) return response.destroy();
    const upstream = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const text = await upstream.text();
    const results: { result?: unknown }[] = [JSON.parse(text)].flat();
    if (weather.isDown || calls.some((call, index) => weather.after(call, results[index]?.result) === 'cut')) return response.destroy();
    return response.setHeader('content-type', 'application/json').end(text);
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
