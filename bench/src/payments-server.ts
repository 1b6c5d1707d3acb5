/**
 * Servers whose work is nothing, so that what is measured is the payment: `ours`, node:http with the ledger and all rails; `stock`, x402's
 * middleware for Express with its own facilitator. Each in a process of its own. Arguments: which, directory, address of the chain. Prints its URLs.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localToken } from '@freehold/contracts';
import { encodePaymentRequired, encodeSettleResponse, offerIdOf } from '@freehold/protocol';
import { PaymentError } from '@freehold/payments';
import { openStockSellers } from '../../packages/payments/src/testing/stock-sellers.ts';
import { account, offerOf, openNode } from '../../packages/payments/src/testing/world.ts';

const [which = '', directory = '', rpcUrl = ''] = process.argv.slice(2);

if (which === 'stock') {
  const fund = async (address: string) => {
    const params = [address, '0xde0b6b3a7640000'];
    await fetch(rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'anvil_setBalance', params }),
    });
  };
  const { express } = await openStockSellers({ token: localToken, rpcUrl, fund });
  console.log(JSON.stringify({ paid: `${express.origin}/weather` }));
} else {
  const chain = { network: localToken.network, rpcUrl, token: localToken };
  const { payments } = await openNode({
    directory,
    chain,
    keeper: account(Buffer.from('keeper')),
    limits: { watchMs: 3_600_000, pollMs: 20 },
  });
  const offer = offerOf('bench', { chain });
  const offerId = offerIdOf(offer);
  let calls = 0;
  const server = createServer(async (request, response) => {
    if (request.url === '/free') return response.end('{"ok":true}');
    const url = `http://127.0.0.1/fn/bench`;
    try {
      const header = request.headers['payment-signature'];
      const requestHash = String(++calls);
      const call = { header: typeof header === 'string' ? header : undefined, offer, offerId, url, taskId: requestHash, requestHash };
      const admission = await payments.admit(call);
      if (admission.kind !== 'reserved') throw new Error(`The benchmark sent a payment twice: ${admission.kind}`);
      await payments.begin(admission.reservation);
      await payments.executed(admission.reservation, 'result');
      const outcome = await payments.settle(admission.reservation);
      if (outcome.kind !== 'settled') throw new Error(`A payment of the benchmark is ${outcome.kind}`);
      return response.setHeader('payment-response', encodeSettleResponse(outcome.response)).end('{"ok":true}');
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      response.statusCode = error.status;
      response.setHeader('payment-required', encodePaymentRequired(payments.paymentRequired({ offer, offerId, url, error })));
      return response.end(error.message);
    }
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    console.log(JSON.stringify({ free: `http://127.0.0.1:${port}/free`, paid: `http://127.0.0.1:${port}/paid` }));
  });
}
process.once('SIGTERM', () => process.exit(0));
