import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { until } from './testing/until.ts';
import { account, call, offerOf, openNode, openWorld, upfrontPrice } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());
const { chain } = world;
const rounds = process.env['FREEHOLD_LONG'] === '1' ? 5 : 1;
const cases = Array.from({ length: rounds }, () => [
  'reserved',
  'executing',
  'result stored',
  'executed',
  'signed',
  'sent',
  'mined',
]).flat();

describe('kill -9 around work that is paid upfront', { concurrency: 3 }, () => {
  /** What was paid is delivered, or given back, wherever the node is killed. */
  for (const [index, point] of cases.entries())
    test(`when ${point}: paid and delivered, or refunded`, async () => {
      verifies('payments.crash', 'payments.upfront.refund');
      const directory = join(world.directory, `crash ${index}`);
      mkdirSync(directory);
      const payer = account(Buffer.from(`upfront payer ${index}`));
      const payee = account().address;
      const keeper = account(Buffer.from(`upfront keeper ${index}`));
      await chain.fund(payer.address, upfrontPrice);
      await chain.fund(keeper.address, upfrontPrice);
      const program = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
      const child = spawn(
        process.execPath,
        [program, directory, chain.rpcUrl, 'upfront', point, `upfront payer ${index}`, `upfront keeper ${index}`, payee],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      );
      assert.equal((await once(child, 'exit'))[1], 'SIGKILL');

      const node = await openNode({ directory, chain, keeper });
      const hasRun = existsSync(join(directory, 'task-1'));
      await node.payments.recover({ findResult: async () => (hasRun ? { resultRef: 'result' } : undefined) });
      const ended = async () => (await node.payments.history({ limit: 1 }))[0];
      await until(async () => ['settled', 'released'].includes((await ended())?.state ?? ''));
      const header = readFileSync(join(directory, 'header-1'), 'utf8');
      const offer = offerOf('crash', { chain, payTo: payee, amount: upfrontPrice });
      if ((await ended())?.state === 'settled') {
        assert.equal((await call(node.payments, { offer, header, request: '1' })).body, 'result');
        assert.equal(await world.balance(payer.address), 0n);
      } else {
        assert(!hasRun);
        await until(async () => (await world.balance(payer.address)) === upfrontPrice);
        const owed = await node.payments.refunds({ limit: 5 });
        assert.equal(owed.length, (await world.balance(payee)) === 0n ? 0 : 1);
      }
      await node.close();
    });
});
