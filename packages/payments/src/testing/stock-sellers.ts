import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { LocalChain } from '@freehold/contracts';
import { toAddress } from '@freehold/protocol';
import { x402Facilitator } from '@x402/core/facilitator';
import { x402ResourceServer, type FacilitatorClient } from '@x402/core/server';
import { toFacilitatorEvmSigner } from '@x402/evm';
import { BatchSettlementEvmScheme as BatchFacilitator } from '@x402/evm/batch-settlement/facilitator';
import { BatchSettlementEvmScheme as BatchServer } from '@x402/evm/batch-settlement/server';
import { ExactEvmScheme as ExactFacilitator } from '@x402/evm/exact/facilitator';
import { ExactEvmScheme as ExactServer } from '@x402/evm/exact/server';
import { paymentMiddleware as expressMiddleware, setSettlementOverrides as expressOverrides } from '@x402/express';
import { paymentMiddleware as honoMiddleware, setSettlementOverrides as honoOverrides } from '@x402/hono';
import express from 'express';
import { Hono } from 'hono';
import { createWalletClient, defineChain, http, publicActions } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { seller } from './world.ts';

/** What each route costs, in atomic units. */
export const stockPrice = 1_000n;

export type StockSeller = {
  origin: string;
  /** Brings what was charged on channels to the chain. */
  claim(): Promise<void>;
  /** Loses everything it knows of channels. */
  forget(): Promise<void>;
  close(): Promise<void>;
};

/** x402's own servers for Express and Hono, with its own facilitator in the same process, unless another one is given: nothing of ours but the chain. */
export async function openStockSellers(
  chain: Pick<LocalChain, 'token' | 'rpcUrl' | 'fund'>,
  facilitator?: FacilitatorClient,
): Promise<{ express: StockSeller; hono: StockSeller }> {
  const resourceServer = async () => {
    const batch = new BatchServer(seller, { receiverAuthorizerSigner: privateKeyToAccount(generatePrivateKey()), withdrawDelay: 900 });
    const used = facilitator ?? (await facilitatorFor(chain));
    const server = new x402ResourceServer(used).register('eip155:31337', new ExactServer());
    // A facilitator that is given need not know channels.
    if (!facilitator) server.register('eip155:31337', batch);
    await server.initialize();
    const claim = async () => void (await batch.createChannelManager(used, 'eip155:31337', chain.token.asset).claimAndSettle());
    return { server, batch, claim };
  };
  const price = {
    asset: chain.token.asset,
    amount: String(stockPrice),
    extra: { name: chain.token.domain.name, version: chain.token.domain.version },
  };
  const accepts = { scheme: 'exact', network: 'eip155:31337', payTo: seller, price, maxTimeoutSeconds: 60 } as const;
  const routes = {
    'GET /weather': { accepts, description: 'The weather', mimeType: 'application/json' },
    ...(!facilitator && {
      '/metered': { accepts: { ...accepts, scheme: 'batch-settlement' }, description: 'Call by call', mimeType: 'application/json' },
      '/either': {
        accepts: [accepts, { ...accepts, scheme: 'batch-settlement' as const }],
        description: 'As you like',
        mimeType: 'application/json',
      },
    }),
    'POST /echo': { accepts, description: 'What was sent', mimeType: 'text/plain' },
  };

  let calls = 0;
  const metered = () => ({ call: ++calls });
  const ofExpress = await resourceServer();
  const app = express();
  app.use(expressMiddleware(routes, ofExpress.server, undefined, undefined, false));
  app.all(['/metered', '/either'], (request, response) => {
    const { charge, fail } = request.query;
    if (typeof charge === 'string') expressOverrides(response, { amount: charge });
    if (fail === undefined) response.json(metered());
    else response.status(500).json({ failed: true });
  });
  app.get('/weather', (_request, response) => void response.json({ weather: 'sunny' }));
  app.post('/echo', express.text({ type: () => true }), (request, response) => void response.type('text/plain').send(String(request.body)));
  const expressServer = app.listen(0, '127.0.0.1');
  await once(expressServer, 'listening');

  const ofHono = await resourceServer();
  const hono = new Hono();
  hono.use(honoMiddleware(routes, ofHono.server, undefined, undefined, false));
  for (const path of ['/metered', '/either'])
    hono.all(path, (context) => {
      const charge = context.req.query('charge');
      if (charge !== undefined) honoOverrides(context, { amount: charge });
      return context.req.query('fail') === undefined ? context.json(metered()) : context.json({ failed: true }, 500);
    });
  hono.get('/weather', (context) => context.json({ weather: 'sunny' }));
  hono.post('/echo', async (context) => context.text(await context.req.text()));
  const honoServer = serve({ fetch: hono.fetch, port: 0, hostname: '127.0.0.1' });
  await once(honoServer, 'listening');

  return { express: sellerOf(expressServer, ofExpress), hono: sellerOf(honoServer, ofHono) };
}

type Books = { batch: BatchServer; claim(): Promise<void> };

function sellerOf(
  server: { address(): string | AddressInfo | null; close(done?: () => void): unknown },
  { batch, claim }: Books,
): StockSeller {
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    claim,
    async forget() {
      const storage = batch.getStorage();
      for (const { channelId } of await storage.list()) await storage.updateChannel(channelId, () => undefined);
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

async function facilitatorFor({ rpcUrl, fund }: Pick<LocalChain, 'rpcUrl' | 'fund'>) {
  const account = privateKeyToAccount(generatePrivateKey());
  await fund(toAddress(account.address), 0n);
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 };
  const chain = defineChain({ id: 31337, name: 'local', nativeCurrency, rpcUrls: { default: { http: [rpcUrl] } } });
  const wallet = createWalletClient({ account, chain, transport: http(rpcUrl), pollingInterval: 20, cacheTime: 0 }).extend(publicActions);
  const signer = toFacilitatorEvmSigner({
    address: account.address,
    getCode: (args) => wallet.getCode(args),
    readContract: (args) => wallet.readContract(args),
    verifyTypedData: (args) => wallet.verifyTypedData(args as Parameters<typeof wallet.verifyTypedData>[0]),
    writeContract: (args) => wallet.writeContract(args),
    sendTransaction: (args) => wallet.sendTransaction(args),
    waitForTransactionReceipt: (args) => wallet.waitForTransactionReceipt(args),
  });
  const facilitator = new x402Facilitator()
    .register('eip155:31337', new ExactFacilitator(signer))
    .register('eip155:31337', new BatchFacilitator(signer));
  const client: FacilitatorClient = {
    verify: (payload, requirements) => facilitator.verify(payload, requirements),
    settle: (payload, requirements) => facilitator.settle(payload, requirements),
    getSupported: async () => facilitator.getSupported() as Awaited<ReturnType<FacilitatorClient['getSupported']>>,
  };
  return client;
}
