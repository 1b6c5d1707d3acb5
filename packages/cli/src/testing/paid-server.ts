import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { knownTokens } from '@freehold/payments';
import {
  authorizationTypedData,
  decodePaymentPayload,
  encodePaymentRequired,
  encodeReceipt,
  encodeSettleResponse,
  exactPayload,
  hashTypedData,
  receiptTypedData,
  type PaymentRequirements,
  type SignedReceipt,
  type Token,
} from '@freehold/protocol';
import { recoverAddress } from '@freehold/identity';
import { openWallet } from '../key/wallet.ts';

/** The token of the chain inside a node. */
export const testToken = knownTokens.find(({ network }) => network === 'eip155:31337') as Token;
/** What `/large` answers. */
export const largeBytes = 20_000_000;
export const offer = 'ab'.repeat(32);
export const transaction = `0x${'cd'.repeat(32)}` as const;
const seller = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const task = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';

/** What the server saw of one request. */
export type Seen = { method: string; path: string; headers: IncomingMessage['headers']; body: Buffer; paid: boolean };

/**
 * A server that sells over x402 version 2 and really checks what it is paid: `/paid/…` answers 402, then 200 with the sha256 and length of
 * the body. Money moves nowhere. Other paths do what their names say.
 */
export async function openPaidServer(
  t: TestContext,
  options: {
    amount?: string;
    accepts?: PaymentRequirements[];
    onPaid?: (request: IncomingMessage) => void | Promise<void>;
    receiptFor?: string;
  } = {},
) {
  const seen: Seen[] = [];
  const signer = openWallet(Uint8Array.from({ length: 32 }, () => 7));
  const server = createServer({ requireHostHeader: false });
  let origin = '';
  let failures = 0;

  const requirements = (): PaymentRequirements[] =>
    options.accepts ?? [
      {
        scheme: 'exact',
        network: testToken.network,
        amount: options.amount ?? '1000',
        asset: testToken.asset,
        payTo: seller,
        maxTimeoutSeconds: 60,
        extra: testToken.domain,
      },
    ];
  const demand = (response: ServerResponse, path: string, error?: string) => {
    const header = encodePaymentRequired({
      x402Version: 2,
      resource: { url: `${origin}/${offer}.cgi${path}` },
      accepts: requirements(),
      ...(error && { error }),
    });
    response.writeHead(402, { 'payment-required': header, 'content-type': 'text/plain', 'x-attempt': '1' }).end('payment needed\n');
  };

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const path = request.url ?? '/';
    const method = request.method ?? '';
    const payment = request.headers['payment-signature'];
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    seen.push({ method, path, headers: request.headers, body, paid: payment !== undefined });
    if (path.startsWith('/paid')) {
      if (typeof payment !== 'string') return demand(response, path);
      return sell(request, response, body, payment);
    }
    if (path.startsWith('/flaky') && failures++ === 0) return void response.writeHead(503).end('busy\n');
    if (path.startsWith('/flaky')) return typeof payment === 'string' ? sell(request, response, body, payment) : demand(response, path);
    if (path.startsWith('/moved')) return void response.writeHead(307, { location: `/paid${path.slice(6)}` }).end();
    if (path.startsWith('/changed')) return void response.writeHead(303, { location: '/paid' }).end();
    if (path.startsWith('/to?')) return void response.writeHead(307, { location: path.slice(4) }).end();
    if (path.startsWith('/refusing')) return demand(response, path, 'the wallet is empty');
    if (path.startsWith('/stream')) {
      response.write('one\n');
      if (typeof payment !== 'string') await options.onPaid?.(request);
      return void response.end('two\n');
    }
    if (path.startsWith('/plain-402')) return void response.writeHead(402).end('go away\n');
    if (path === '/large') return void response.end(Buffer.alloc(largeBytes, 'a'));
    const status = Number(/^\/status\/(\d+)/.exec(path)?.[1] ?? 200);
    response.writeHead(status, { 'x-free': '1' }).end(`${method} ${path} ${body.length} ${sha256(body)}\n`);
  }

  async function sell(request: IncomingMessage, response: ServerResponse, body: Buffer, payment: string) {
    const { payload, accepted } = decodePaymentPayload(payment);
    const { authorization, signature } = exactPayload.parse(payload);
    const digest = hashTypedData(
      authorizationTypedData({ message: authorization, asset: testToken.asset, caip2: accepted.network, domain: testToken.domain }),
    );
    if (recoverAddress(digest, signature as `0x${string}`) !== authorization.from || authorization.to !== seller)
      return demand(response, '', 'bad signature');
    if (request.url?.startsWith('/paid/dying')) return void request.socket.destroy();
    await options.onPaid?.(request);
    const receipt: SignedReceipt['receipt'] = {
      version: 1,
      task,
      offer: options.receiptFor ?? offer,
      payer: authorization.from,
      network: accepted.network,
      asset: testToken.asset,
      amount: accepted.amount,
      nonce: authorization.nonce,
      transaction,
      output: `0x${sha256(body)}`,
      issuedAt: Date.now(),
    };
    const leaving = /^\/paid\/leaving\?(.*)$/.exec(request.url ?? '')?.[1];
    response.writeHead(leaving ? 307 : 200, {
      ...(leaving && { location: leaving }),
      'x-paid': '1',
      'payment-response': encodeSettleResponse({ success: true, transaction, network: accepted.network, payer: authorization.from }),
      'x-freehold-receipt': encodeReceipt({
        receipt,
        signer: signer.address,
        signature: await signer.signTypedData(receiptTypedData(receipt)),
      }),
    });
    response.end(request.method === 'HEAD' ? undefined : `paid ${request.method} ${body.length} ${sha256(body)}\n`);
  }

  server.on('request', (request, response) => void answer(request, response));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Before the body: an unpaid upload costs its sender a head.
    if (request.url?.startsWith('/paid') && request.headers['payment-signature'] === undefined) {
      seen.push({ method: request.method ?? '', path: request.url, headers: request.headers, body: Buffer.alloc(0), paid: false });
      response.setHeader('connection', 'close');
      demand(response, request.url);
      return;
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
  return { origin, seen, signer: signer.address };
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
