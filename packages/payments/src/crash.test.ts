import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, test } from 'node:test';
import { balanceOf } from '@freehold/contracts';
import { createPublicClient, http } from 'viem';
import { verifies } from '../../../requirements/verifies.ts';
import { account, call, offerOf, openChain, openNode, price } from './testing/world.ts';

const root = mkdtempSync(join(tmpdir(), 'freehold-crash-'));
const chain = await openChain(join(root, 'chain'));
const client = createPublicClient({ transport: http(chain.rpcUrl) });
const balance = (holder: `0x${string}`) => balanceOf(client, { asset: chain.token.asset, holder });
after(async () => {
  await chain.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Where the node is killed. From `signed` on a transaction of the old key may be on its way, so there the next start also tries with another key. */
const cases = [
  { point: 'reserved' },
  { point: 'executing' },
  // The result was stored, but the ledger did not hear of it: it is found again.
  { point: 'result stored' },
  { point: 'executed' },
  { point: 'signed' },
  { point: 'signed', hasNewKeeper: true },
  { point: 'sent' },
  { point: 'sent', hasNewKeeper: true },
  { point: 'mined' },
  { point: 'mined', hasNewKeeper: true },
  { point: 'settled' },
];

describe('kill -9', { concurrency: 3 }, () => {
  for (const [index, { point, hasNewKeeper = false }] of cases.entries()) {
    test(`when ${point}, then a start with ${hasNewKeeper ? 'another' : 'the same'} key: nothing is lost, nothing is charged twice`, async () => {
      verifies('foundation.pay.crash');
      const directory = join(root, String(index));
      mkdirSync(directory);
      const payer = account(Buffer.from(`payer ${index}`));
      const payee = account().address;
      await chain.fund(payer.address, 10_000n);
      await chain.fund(account(Buffer.from(`keeper ${index}`)).address, 0n);
      const program = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
      const child = spawn(process.execPath, [program, directory, chain.rpcUrl, point, `payer ${index}`, `keeper ${index}`, payee], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const [, signal] = await once(child, 'exit');
      assert.equal(signal, 'SIGKILL');

      const keeper = account(Buffer.from(`${hasNewKeeper ? 'another keeper' : 'keeper'} ${index}`));
      await chain.fund(keeper.address, 0n);
      const node = await openNode({ directory, chain, keeper });
      const hasRun = () => existsSync(join(directory, 'runs'));
      await node.payments.recover({ findResult: async () => (hasRun() ? { resultRef: 'result' } : undefined) });

      // The client, which saw its connection die, sends the same payment again.
      const header = readFileSync(join(directory, 'header'), 'utf8');
      const offer = offerOf('crash', { chain, payTo: payee });
      let runs = hasRun() ? 1 : 0;
      const answer = await call(node.payments, { offer, header, run: async () => (runs++, 'result') });
      assert.deepEqual([answer.status, answer.body], [200, 'result']);
      assert.equal(runs, 1, 'the function ran to its end once');

      assert.equal(await balance(payer.address), 10_000n - price);
      assert.equal(await balance(payee), price);
      const [total, ...others] = await node.payments.earnings();
      assert.deepEqual([total?.amount, total?.payments, others.length], [price, 1, 0], 'the ledger says what the chain says');
      const [entry] = await node.payments.history({ limit: 10 });
      assert.equal(entry?.state, 'settled');
      const receipt = await client.getTransactionReceipt({ hash: entry?.transaction ?? '0x' });
      assert.equal(receipt.status, 'success');
      await node.close();
    });
  }
});
