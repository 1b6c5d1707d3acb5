import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodePaymentRequired, encodeSettleResponse } from '@freehold/protocol';
import { testToken } from './paid-server.ts';

/** What `/file` serves: 1000 bytes, with ranges, an etag and a date. */
const file = Buffer.from(Array.from({ length: 100 }, (_, index) => `line ${String(index).padStart(4, '0')}\n`).join(''));
const modified = 'Wed, 21 Oct 2015 07:28:00 GMT';
const shown = ['content-type', 'range', 'cookie', 'authorization', 'accept', 'referer', 'user-agent', 'x-mine', 'te', 'if-none-match'];

/**
 * A server on which curl can be compared with itself: what it answers depends on the request alone. Under `/sold` it answers the same, but
 * for payment: 402 first, before the body is read, then whatever it is paid with.
 */
export async function openParityServer(t: TestContext): Promise<{ free: string; sold: string; asked: string[] }> {
  const asked: string[] = [];
  const seen = new Map<string, number>();
  let origin = '';

  const demand = (response: ServerResponse) => {
    const header = encodePaymentRequired({
      x402Version: 2,
      resource: { url: `${origin}/sold` },
      accepts: [
        {
          scheme: 'exact',
          network: testToken.network,
          amount: '1000',
          asset: testToken.asset,
          payTo: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
          maxTimeoutSeconds: 60,
          extra: testToken.domain,
        },
      ],
    });
    response.writeHead(402, { 'payment-required': header, 'content-type': 'text/plain', connection: 'close' }).end('pay first\n');
  };

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const isSold = request.url?.startsWith('/sold') ?? false;
    const payment = request.headers['payment-signature'];
    const [, path = '/', query = ''] = /^(?:\/sold)?([^?]*)\??(.*)$/.exec(request.url ?? '/') ?? [];
    asked.push(`${request.method} ${request.url}${payment === undefined ? '' : ' paid'}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (isSold && payment === undefined && !path.startsWith('/redirect')) return demand(response);
    if (isSold) {
      response.setHeader(
        'payment-response',
        encodeSettleResponse({ success: true, transaction: `0x${'cd'.repeat(32)}`, network: testToken.network }),
      );
    }
    // Connections would be told of in what -v says, and differ by how many processes there are.
    response.sendDate = false;
    serve({ request, response, path, query, body: Buffer.concat(chunks), prefix: isSold ? '/sold' : '' });
  }

  function serve({
    request,
    response,
    path,
    query,
    body,
    prefix,
  }: {
    request: IncomingMessage;
    response: ServerResponse;
    path: string;
    query: string;
    body: Buffer;
    prefix: string;
  }) {
    const { method = '', headers } = request;
    const [, kind = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(path) ?? [];
    switch (kind) {
      case 'file': {
        const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
        const common = { etag: '"abc"', 'last-modified': modified, 'accept-ranges': 'bytes', 'content-type': 'text/plain' };
        if (headers['if-none-match'] === '"abc"' || headers['if-modified-since'] === modified)
          return void response.writeHead(304, common).end();
        if (headers.range === undefined) return void response.writeHead(200, common).end(method === 'HEAD' ? '' : file);
        const start = from === '' ? file.length - Number(to) : Number(from);
        if (start >= file.length) return void response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
        const end = from === '' || to === '' ? file.length - 1 : Number(to);
        return void response
          .writeHead(206, { ...common, 'content-range': `bytes ${start}-${end}/${file.length}` })
          .end(file.subarray(start, end + 1));
      }
      case 'cookie':
        response.setHeader('set-cookie', [`n=${rest}; Path=/`, 'once=1; Path=/']);
        return void response.end(`cookies: ${headers.cookie ?? 'none'}\n`);
      case 'named':
        response.setHeader('content-disposition', `attachment; filename="${rest}"`);
        return void response.end('named by the server\n');
      case 'gzip':
        if (!/gzip/.test(String(headers['accept-encoding']))) return void response.end('plain\n');
        return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed\n'));
      case 'auth':
        if (headers.authorization !== undefined) return void response.end(`welcome ${headers.authorization}\n`);
        return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('who are you?\n');
      case 'redirect':
        return void response.writeHead(Number(rest), { location: `${prefix}/echo` }).end('moved\n');
      case 'status':
        return void response.writeHead(Number(rest)).end(`status ${rest}\n`);
      case 'short':
        response.writeHead(200, { 'content-length': '100' }).write('only this');
        return void setTimeout(() => request.socket.destroy(), 20);
      case 'lost':
        return void request.socket.destroy();
      case 'drip':
        response.write('one\n');
        return void setTimeout(() => response.end('two\n'), 60);
      case 'slow':
        return void setTimeout(() => response.end('late\n'), 3_000).unref();
      case 'flaky': {
        const count = (seen.get(path + query) ?? 0) + 1;
        seen.set(path + query, count);
        return void (count < 2 ? response.writeHead(503).end('busy\n') : response.end('at last\n'));
      }
      case 'trailer':
        response.writeHead(200, { trailer: 'x-sum', 'transfer-encoding': 'chunked' });
        response.write('body\n');
        response.addTrailers({ 'x-sum': 'abc' });
        return void response.end();
      default: {
        const boundary = /boundary=(.*)$/.exec(headers['content-type'] ?? '')?.[1];
        const text = boundary === undefined ? body.toString('latin1') : body.toString('latin1').replaceAll(boundary, 'BOUNDARY');
        const sum = createHash('sha256').update(text, 'latin1').digest('hex');
        const fields = shown.flatMap((name) => {
          const value = headers[name];
          return value === undefined ? [] : [`${name}: ${String(value).replace(boundary ?? '\n', 'BOUNDARY')}\n`];
        });
        response.setHeader('x-answer', '1');
        return void response.end(`${method} ${path}?${query} ${text.length} ${sum}\n${fields.join('')}`);
      }
    }
  }

  const server = createServer({ requireHostHeader: false }, (request, response) => void answer(request, response));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/sold') && request.headers['payment-signature'] === undefined) {
      asked.push(`${request.method} ${request.url} without its body`);
      return demand(response);
    }
    response.writeContinue();
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { free: origin, sold: `${origin}/sold`, asked };
}
