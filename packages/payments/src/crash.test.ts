import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, test } from 'node:test';
import { balanceOf, escrowAbi, localContracts } from '@freehold/contracts';
import type { Address } from '@freehold/protocol';
import { createPublicClient, http } from 'viem';
import { readContract } from 'viem/actions';
import { verifies } from '../../../requirements/verifies.ts';
import { account, call, offerOf, openChain, openNode, price } from './testing/world.ts';

const root = mkdtempSync(join(tmpdir(), 'freehold-crash-'));
const chain = await openChain(join(root, 'chain'));
const client = createPublicClient({ transport: http(chain.rpcUrl) });
const balance = (holder: Address) => balanceOf(client, { asset: chain.token.asset, holder });
after(async () => {
  await chain.stop();
  rmSync(root, { recursive: true, force: true });
});

/**
 * Where the node is killed. Where a transaction of the old key may be on its way, the next start also tries with another key. That the result was stored, but
 * the ledger did not hear of it, is found out at the next start.
 */
const ofTabs = [
  { point: 'opening signed' },
  { point: 'opening sent', hasNewKeeper: true },
  { point: 'opening mined' },
  { point: 'reserved' },
  { point: 'executing' },
  { point: 'result stored' },
  { point: 'executed' },
  { point: 'claim signed' },
  { point: 'claim sent' },
  { point: 'claim sent', hasNewKeeper: true },
  { point: 'claim mined' },
];
const points: Record<string, { point: string; hasNewKeeper?: boolean }[]> = {
  exact: [
    { point: 'reserved' },
    { point: 'executing' },
    { point: 'result stored' },
    { point: 'executed' },
    { point: 'signed' },
    { point: 'signed', hasNewKeeper: true },
    { point: 'sent' },
    { point: 'sent', hasNewKeeper: true },
    { point: 'mined' },
    { point: 'mined', hasNewKeeper: true },
    { point: 'settled' },
  ],
  channel: ofTabs,
  escrow: ofTabs,
};
/** What a tab is opened with. */
const putAside = 5_000n;

/** Every point of every rail; more than 200 runs in the long form. In the short form the two rails of tabs share their points. */
const isLong = process.env['FREEHOLD_LONG'] === '1';
const cases = Array.from({ length: isLong ? 7 : 1 }, (_, round) =>
  Object.entries(points).flatMap(([rail, list], turn) =>
    list.filter((_, index) => isLong || rail === 'exact' || index % 2 === turn % 2).map((one) => ({ round, rail, ...one })),
  ),
).flat();

describe('kill -9', { concurrency: 3 }, () => {
  for (const [index, { round, rail, point, hasNewKeeper = false }] of cases.entries()) {
    test(`${rail}: when ${point}, then a start with ${hasNewKeeper ? 'another' : 'the same'} key: nothing is lost, nothing is charged twice (${round})`, async () => {
      verifies('foundation.pay.crash', 'payments.crash');
      const directory = join(root, String(index));
      mkdirSync(directory);
      const payer = account(Buffer.from(`payer ${index}`));
      const payee = account().address;
      await chain.fund(payer.address, 10_000n);
      await chain.fund(account(Buffer.from(`keeper ${index}`)).address, 0n);
      const program = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
      const child = spawn(process.execPath, [program, directory, chain.rpcUrl, rail, point, `payer ${index}`, `keeper ${index}`, payee], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const [, signal] = await once(child, 'exit');
      assert.equal(signal, 'SIGKILL');

      const keeper = account(Buffer.from(`${hasNewKeeper ? 'another keeper' : 'keeper'} ${index}`));
      await chain.fund(keeper.address, 0n);
      const node = await openNode({ directory, chain, keeper });
      const hasRun = (task: string) => existsSync(join(directory, task));
      await node.payments.recover({ findResult: async ({ taskId }) => (hasRun(taskId) ? { resultRef: 'result' } : undefined) });

      // The client, which saw its connection die, sends the same payments again.
      const offer = offerOf('crash', { chain, payTo: payee });
      let paid = 0n;
      let calls = 0;
      for (const request of ['1', '2'].filter((one) => existsSync(join(directory, `header-${one}`)))) {
        const header = readFileSync(join(directory, `header-${request}`), 'utf8');
        let runs = hasRun(`task-${request}`) ? 1 : 0;
        const answer = await call(node.payments, { offer, header, request, run: async () => (runs++, 'result') });
        assert.deepEqual([answer.status, answer.body], [200, 'result']);
        assert.equal(runs, 1, 'the function ran to its end once');
        paid += price;
        calls++;
      }
      await node.payments.claimAll();

      assert.equal(await balance(payer.address), 10_000n - (rail === 'exact' ? price : putAside));
      assert.equal(await earned(rail, payee), paid);
      const [total, ...others] = await node.payments.earnings();
      assert.deepEqual([total?.amount, total?.payments, others.length], [paid, calls, 0], 'the ledger says what the chain says');
      const entries = await node.payments.history({ limit: 10 });
      assert.deepEqual([...new Set(entries.map(({ state }) => state))], ['settled']);
      const [tab] = await node.payments.tabs({ limit: 1 });
      if (rail === 'exact') {
        const receipt = await client.getTransactionReceipt({ hash: entries[0]?.transaction ?? '0x' });
        assert.equal(receipt.status, 'success');
      } else assert.deepEqual([tab?.charged, tab?.claimed, tab?.balance], [paid, paid, putAside]);
      await node.close();
    });
  }
});

/** The escrow keeps what a seller has earned until he takes it. */
async function earned(rail: string, payee: Address): Promise<bigint> {
  if (rail !== 'escrow') return balance(payee);
  return readContract(client, { address: localContracts.escrow, abi: escrowAbi, functionName: 'balanceOf', args: [payee] });
}
