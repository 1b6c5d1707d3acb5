import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { serve } from '@hono/node-server';
import { toAddress, type Address } from '@freehold/protocol';
import { x402Client } from '@x402/core/client';
import { x402Facilitator } from '@x402/core/facilitator';
import { x402ResourceServer, type FacilitatorClient } from '@x402/core/server';
import { toClientEvmSigner, toFacilitatorEvmSigner } from '@x402/evm';
import { BatchSettlementEvmScheme as BatchClient } from '@x402/evm/batch-settlement/client';
import { BatchSettlementEvmScheme as BatchFacilitator } from '@x402/evm/batch-settlement/facilitator';
import { BatchSettlementEvmScheme as BatchServer } from '@x402/evm/batch-settlement/server';
import { wrapFetchWithPayment } from '@x402/fetch';
import { paymentMiddleware } from '@x402/hono';
import { Hono } from 'hono';
import { createWalletClient, http, publicActions } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { verifies } from '../../../requirements/verifies.ts';
import { balanceOf, openLocalChain } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'freehold-x402-'));
const chain = await openLocalChain({ directory, log: () => undefined });
assert(chain.kind === 'running', 'this machine has no anvil');
after(async () => {
  await chain.stop();
  rmSync(directory, { recursive: true, force: true });
});
const { asset, domain } = chain.token;
const network = 'eip155:31337';
const price = 1_000n;

/** Somebody with a key, and ether and dollars if wanted. */
async function person(dollars = 0n) {
  const account = privateKeyToAccount(generatePrivateKey());
  assert(chain.kind === 'running');
  await chain.fund(toAddress(account.address), dollars);
  const wallet = createWalletClient({ account, chain: foundry, transport: http(chain.rpcUrl), pollingInterval: 10, cacheTime: 0 });
  return { account, address: toAddress(account.address), wallet: wallet.extend(publicActions) };
}
const observer = await person();
const money = (holder: Address) => balanceOf(observer.wallet, { asset, holder });

async function facilitator(): Promise<{ client: FacilitatorClient; facilitator: x402Facilitator }> {
  const { wallet, account } = await person();
  const signer = toFacilitatorEvmSigner({
    address: account.address,
    getCode: (args) => wallet.getCode(args),
    readContract: (args) => wallet.readContract(args),
    verifyTypedData: (args) => wallet.verifyTypedData(args as Parameters<typeof wallet.verifyTypedData>[0]),
    writeContract: (args) => wallet.writeContract(args),
    sendTransaction: (args) => wallet.sendTransaction(args),
    waitForTransactionReceipt: (args) => wallet.waitForTransactionReceipt(args),
  });
  const stock = new x402Facilitator().register(network, new BatchFacilitator(signer));
  const client: FacilitatorClient = {
    verify: (payload, requirements) => stock.verify(payload, requirements),
    settle: (payload, requirements) => stock.settle(payload, requirements),
    getSupported: async () => stock.getSupported() as Awaited<ReturnType<FacilitatorClient['getSupported']>>,
  };
  return { client, facilitator: stock };
}

/** x402's own server: a route that costs, and one that costs and fails. */
async function shop() {
  const seller = await person();
  const { client } = await facilitator();
  const scheme = new BatchServer(seller.address, {
    receiverAuthorizerSigner: privateKeyToAccount(generatePrivateKey()),
    withdrawDelay: 900,
  });
  const server = new x402ResourceServer(client).register(network, scheme);
  await server.initialize();
  const accepts = {
    scheme: 'batch-settlement',
    network,
    payTo: seller.address,
    price: { asset, amount: String(price), extra: { name: domain.name, version: domain.version } },
    maxTimeoutSeconds: 60,
  } as const;
  const offer = { accepts, description: 'The weather', mimeType: 'application/json' };
  const app = new Hono();
  app.use(paymentMiddleware({ 'GET /weather': offer, 'GET /broken': offer }, server, undefined, undefined, false));
  app.get('/weather', (context) => context.json({ weather: 'sunny' }));
  app.get('/broken', (context) => context.json({ error: 'no weather' }, 500));
  const listener = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    seller: seller.address,
    manager: scheme.createChannelManager(client, network, asset),
    close: () => new Promise<void>((resolve) => void listener.close(() => resolve())),
  };
}

/** x402's own client: x402Client and its fetch. */
function buyer({ account, wallet }: Awaited<ReturnType<typeof person>>) {
  const scheme = new BatchClient(toClientEvmSigner(account, wallet), { depositStrategy: () => '50000' });
  const client = x402Client.fromConfig({ schemes: [{ network: 'eip155:*', client: scheme }], spendControls: false });
  return { scheme, pay: wrapFetchWithPayment(fetch, client) };
}

test('the stock client, server and facilitator pay call by call through our channel contract, claim, and give the rest back', async (t) => {
  verifies('payments.contracts.x402');
  const store = await shop();
  t.after(() => store.close());
  const payer = await person(1_000_000n);
  const { pay, scheme } = buyer(payer);
  const { channel } = chain.kind === 'running' ? chain.contracts : { channel: store.seller };

  const answer = await pay(`${store.origin}/weather`);
  assert.deepEqual([answer.status, await answer.json()], [200, { weather: 'sunny' }]);
  assert.equal(await money(payer.address), 950_000n);
  assert.equal(await money(channel), 50_000n);

  const block = await observer.wallet.getBlockNumber({ cacheTime: 0 });
  for (let calls = 0; calls < 5; calls++) assert.equal((await pay(`${store.origin}/weather`)).status, 200);
  assert.equal((await pay(`${store.origin}/broken`)).status, 500);
  assert.equal((await pay(`${store.origin}/weather`)).status, 200);
  assert.equal(await observer.wallet.getBlockNumber({ cacheTime: 0 }), block, 'vouchers need no transaction');

  await store.manager.claimAndSettle();
  assert.equal(await money(store.seller), 7n * price);

  await scheme.refund(`${store.origin}/weather`, { fetch });
  assert.equal(await money(payer.address), 1_000_000n - 7n * price);
  assert.equal(await money(channel), 0n);
});

test('many channels are claimed in one transaction', async (t) => {
  const store = await shop();
  t.after(() => store.close());
  const payers = await Promise.all(Array.from({ length: 4 }, () => person(100_000n)));
  for (const payer of payers) {
    const { pay } = buyer(payer);
    for (let calls = 0; calls < 3; calls++) assert.equal((await pay(`${store.origin}/weather`)).status, 200);
  }
  const block = await observer.wallet.getBlockNumber({ cacheTime: 0 });
  await store.manager.claimAndSettle();
  assert.equal(await observer.wallet.getBlockNumber({ cacheTime: 0 }), block + 2n);
  assert.equal(await money(store.seller), 12n * price);
});
