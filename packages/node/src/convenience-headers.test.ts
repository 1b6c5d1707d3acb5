import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { paymentResponseHeader, type OfferSummary } from '@freehold/protocol';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { noPaymentSettings } from './payment-settings.ts';
import { arithmetic } from './testing/modules.ts';
import { rawRequest } from './testing/raw-request.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
let offer: OfferSummary;

before(async () => {
  node = await startTestNode({ payments: { ...noPaymentSettings, convenienceHeaders: true } });
  seller = await node.signIn();
  offer = await sell(node, seller, { program: arithmetic, name: 'arithmetic' });
});
after(() => node.end());

async function richKey() {
  const key = generatePrivateKey();
  const { address } = privateKeyToAccount(key);
  const body = JSON.stringify({ address });
  await expectJson(await fetch(`${node.url}/api/chain/faucet`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }));
  return { key, address };
}

test('a program on the same machine hands over a key, and the call is paid within its limit', async () => {
  verifies('payments.headers.convenience');
  const { key, address } = await richKey();
  const had = await node.balanceOf(address);
  const url = `${offer.url}/add?a=1&b=2`;
  const response = await fetch(url, { headers: { 'x-402-key': key, 'x-402-max': '0.01', 'x-402-pay': 'USDC' } });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '3\n');
  assert.notEqual(response.headers.get(paymentResponseHeader), null);
  assert.equal(had - (await node.balanceOf(address)), 1000n);

  const status = async (headers: Record<string, string>) => (await fetch(url, { headers })).status;
  assert.equal(await status({ 'x-402-key': key, 'x-402-max': '0.0009' }), 402, 'over the limit');
  assert.equal(await status({ 'x-402-key': key, 'x-402-max': 'USDC@Base:1' }), 402, 'a limit for another network');
  assert.equal(await status({ 'x-402-key': key }), 400, 'no limit');
  assert.equal(await status({ 'x-402-key': key, 'x-402-max': 'much' }), 400);
  assert.equal(await status({ 'x-402-key': '0x12', 'x-402-max': '1' }), 400);
  assert.equal(had - (await node.balanceOf(address)), 1000n, 'nothing more was paid');
});

test('whatever is forwarded is refused, under each name that forwarders use', async () => {
  verifies('payments.headers.convenience');
  const { key, address } = await richKey();
  const had = await node.balanceOf(address);
  const { port } = new URL(node.url);
  const ask = async (headers: Record<string, string>) =>
    (
      await rawRequest(`http://127.0.0.1:${port}/arithmetic.cgi/add?a=1&b=2`, {
        headers: { 'x-402-key': key, 'x-402-max': '1', ...headers },
      })
    ).status;
  const forwarded = [
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'cf-connecting-ip',
    'true-client-ip',
    'x-client-ip',
  ];
  for (const name of forwarded) assert.equal(await ask({ [name]: '127.0.0.1' }), 400, name);
  assert.equal(await ask({ host: `10.1.2.3:${port}` }), 400, 'a host that is not of the loopback');
  for (const path of ['/api/offers', '/api/health', '/api/chain/balance?address=0x1111111111111111111111111111111111111111'])
    assert.equal((await fetch(`${node.url}${path}`, { headers: { 'x-402-key': key } })).status, 400, path);
  assert.equal(await node.balanceOf(address), had);
  assert.equal(await ask({}), 200, 'without any of them it is taken');
});

test('they are off unless the owner switched them on', async () => {
  verifies('payments.headers.convenience');
  const plain = await startTestNode();
  try {
    const { url } = await sell(plain, await plain.signIn(), { program: arithmetic, name: 'plain' });
    for (const name of ['x-402-key', 'x-402-pay', 'x-402-max']) {
      const response = await fetch(`${url}/add?a=1&b=2`, { headers: { [name]: '1' } });
      assert.equal(response.status, 400, name);
      assert.match(await response.text(), /has not switched that on/);
    }
  } finally {
    await plain.end();
  }
});

test('the key is in no log, in no program’s environment and nowhere on the disk', async (t) => {
  verifies('payments.headers.convenience');
  if (node.sandbox.native !== undefined) return t.skip(node.sandbox.native);
  const script = Buffer.from("#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nexport -p\n");
  const { url } = await sell(node, seller, { program: script, name: 'tells', vary: ['x-402-key', 'x-402-max', 'accept'] });
  const { key } = await richKey();
  const response = await fetch(url, { headers: { 'x-402-key': key, 'x-402-max': '0.01', accept: 'text/canary' } });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.match(text, /HTTP_ACCEPT='?text\/canary/, 'the program tells what it gets');
  const canary = key.slice(2);
  assert(!text.includes(canary) && !/X_402/.test(text), text);
  assert(!node.log.join('').includes(canary));
  assert(node.log.length > 0);
  for (const name of readdirSync(node.dataDirectory, { recursive: true, encoding: 'utf8' })) {
    const path = join(node.dataDirectory, name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) assert(!readFileSync(path).includes(canary), path);
  }
});
