import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { knownTokens } from '@freehold/payments';
import { decodePaymentRequired, paymentRequiredHeader, receiptHeader, decodeReceipt, type Token } from '@freehold/protocol';
import { x402Client } from '@x402/core/client';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { wrapFetchWithPayment } from '@x402/fetch';
import { createSigner, decodeXPaymentResponse, wrapFetchWithPayment as wrapFetchV1 } from 'x402-fetch';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { openOtherChain, type OtherChain } from '../../contracts/src/testing/other-chain.ts';
import { verifies } from '../../../requirements/verifies.ts';
import { readConfig } from './config.ts';
import { parsePaymentSettings, readGasKey } from './payment-settings.ts';
import { arithmetic } from './testing/modules.ts';
import { sell, startTestNode, type TestNode } from './testing/test-node.ts';

const usdc = knownTokens.find(({ network }) => network === 'eip155:84532') as Token;
const directory = mkdtempSync(join(tmpdir(), 'freehold-networks-'));
const gasKeyFile = join(directory, 'gas.key');
const gasKey = generatePrivateKey();
let sepolia: OtherChain;
let node: TestNode;
let url: string;

before(async () => {
  writeFileSync(gasKeyFile, `${gasKey}\n`, { mode: 0o600 });
  sepolia = await openOtherChain({ chainId: 84532, token: usdc });
  await sepolia.fund(privateKeyToAccount(gasKey).address, 0n);
  node = await startTestNode({ payments: settings() });
  const seller = await node.signIn();
  ({ url } = await sell(node, seller, { program: arithmetic, name: 'abroad' }));
});
after(async () => {
  await node?.end();
  await sepolia?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** As it would be written, with a first server that is down. */
const settings = (more: object = {}) =>
  parsePaymentSettings(
    { networks: { 'base-sepolia': { rpc: ['http://127.0.0.1:1', sepolia.rpcUrl] } }, gasKey: gasKeyFile, ...more },
    'payments.json',
  );

async function payer() {
  const key = generatePrivateKey();
  const account = privateKeyToAccount(key);
  await sepolia.fund(account.address, 1_000_000n);
  return { key, account };
}

test('a node sells on Base Sepolia with the gas of its owner, and has no test money', async () => {
  verifies('payments.networks.config', 'payments.networks.failover');
  assert.deepEqual(node.info.token, usdc);
  assert.equal(node.info.testMoney, false);
  assert.equal(node.info.rpcUrl, null);
  const response = await fetch(`${url}/add?a=1&b=2`);
  const { accepts } = decodePaymentRequired(response.headers.get(paymentRequiredHeader) ?? '');
  assert.deepEqual(
    accepts.map(({ network, extra }) => [network, extra]),
    [['eip155:84532', { name: 'USDC', version: '2' }]],
  );
  const faucet = await fetch(`${node.url}/api/chain/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address: privateKeyToAccount(gasKey).address }),
  });
  assert.equal(faucet.status, 403);
});

test('the stock client of x402 version 1 (x402-fetch 1.2) buys unchanged', async () => {
  verifies('payments.wire.v1', 'payments.networks.config');
  const { key, account } = await payer();
  const response = await wrapFetchV1(fetch, await createSigner('base-sepolia', key))(`${url}/add?a=4&b=5`);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '9\n');
  const settled = decodeXPaymentResponse(response.headers.get('x-payment-response') ?? '');
  assert.deepEqual([settled.success, settled.network, settled.payer], [true, 'base-sepolia', account.address]);
  assert.equal(decodeReceipt(response.headers.get(receiptHeader) ?? '').receipt.transaction, settled.transaction);
  assert.equal(await node.balanceOf(account.address), 999_000n);
});

test('the stock client of x402 version 2 (@x402/fetch) buys there with its usual tokens', async () => {
  verifies('payments.networks.config');
  const { account } = await payer();
  const client = x402Client.fromConfig({ schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(account) }] });
  const response = await wrapFetchWithPayment(fetch, client)(`${url}/add?a=6&b=5`);
  assert.equal(await response.text(), '11\n');
  assert.equal(await node.balanceOf(account.address), 999_000n);
});

test('a token whose domain is wrong keeps the node from starting, with the right values in the sentence', async () => {
  verifies('payments.networks.domain');
  const wrong = settings({ tokens: [{ ...usdc, domain: { name: 'USD Coin', version: '2' } }] });
  await assert.rejects(startTestNode({ payments: wrong }), {
    code: 'config_invalid',
    message: /"USD Coin".*the right values are "domain": \{"name":"USDC","version":"2"\}/,
  });
});

test('payment settings are refused with the file and what is wrong in it', () => {
  const refused = (value: unknown, message: RegExp) =>
    assert.throws(() => parsePaymentSettings(value, '/data/payments.json'), { code: 'config_invalid', message });
  refused({ networks: { base: {} } }, /\/data\/payments\.json .*networks\.base\.rpc/);
  refused({ networks: { mars: { rpc: ['https://a.example'] } } }, /named base, base-sepolia, ethereum or like eip155:8453/);
  refused({ networks: { base: { rpc: ['ftp://a.example'] } } }, /http or https/);
  refused({ networks: { 'eip155:777': { rpc: ['https://a.example'] } } }, /no token on eip155:777/);
  refused({ tokens: [usdc] }, /no RPC server/);
  refused({ surprise: 1 }, /surprise/);
  refused({ networks: { base: { rpc: ['https://a.example'] } } }, /nobody who pays for gas/);
  refused({ networks: { base: { rpc: ['https://a.example'], confirmations: 0 } } }, /confirmations/);
  const { networks, tokens, testChain } = parsePaymentSettings({ networks: { base: { rpc: ['https://a.example'] } }, gasKey: 'k' }, 'x');
  assert.deepEqual([networks[0]?.network, tokens[0]?.domain.name, testChain], ['eip155:8453', 'USD Coin', false]);

  const file = join(directory, 'payments.json');
  writeFileSync(file, '{ "networks": ');
  assert.throws(() => readConfig({ environment: { FREEHOLD_PAYMENTS: file } }), { message: /it is not JSON/ });
  assert.throws(() => readConfig({ environment: { FREEHOLD_PAYMENTS: join(directory, 'none') } }), { code: 'config_invalid' });
  writeFileSync(file, '{ "networks": { "base": { "rpc": ["https://a.example"] } }, "gasKey": "k" }');
  assert.equal(readConfig({ environment: { FREEHOLD_DATA: directory } }).payments?.networks.length, 1);
});

test('the key for gas must be a file of its owner alone', () => {
  assert.equal(readGasKey(gasKeyFile).length, 32);
  const open = join(directory, 'open.key');
  writeFileSync(open, gasKey);
  chmodSync(open, 0o644);
  assert.throws(() => readGasKey(open), { message: /chmod 600/ });
  const bad = join(directory, 'bad.key');
  writeFileSync(bad, 'hello', { mode: 0o600 });
  assert.throws(
    () => readGasKey(bad),
    (error: Error) => /64 hexadecimal digits/.test(error.message) && !error.message.includes('hello'),
  );
  assert.throws(() => readGasKey(join(directory, 'none')), { code: 'config_invalid' });
});
