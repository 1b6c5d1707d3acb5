import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLocalChain } from '@freehold/contracts';
import { verifies } from '../../../../requirements/verifies.ts';
import { openStockSellers } from '../../../payments/src/testing/stock-sellers.ts';
import { openWallet } from '../key/wallet.ts';
import { curlMissing } from '../testing/real-curl.ts';
import { openTestDir, runCommand } from '../testing/run-command.ts';

const key = `0x${'11'.repeat(32)}`;
const { address } = openWallet(Buffer.from(key.slice(2), 'hex'));

test(
  'freehold curl reuses a channel across commands, is corrected, and gets the rest back with the seller and without',
  { skip: curlMissing },
  async (t) => {
    verifies('payments.client.channel', 'payments.client.balance');
    const dir = openTestDir(t);
    const chain = await openLocalChain({ directory: join(dir, 'chain'), log: () => undefined });
    assert(chain.kind === 'running');
    t.after(() => chain.stop());
    const sellers = await openStockSellers(chain);
    t.after(() => Promise.all([sellers.express.close(), sellers.hono.close()]));
    await chain.fund(address, 100_000n);
    const config = join(dir, 'home/.config/freehold');
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'payments.json'), JSON.stringify({ rpc: { [chain.network]: chain.rpcUrl } }));
    const freehold = (...args: string[]) => runCommand(args, { dir, env: { FREEHOLD_KEY: key, FREEHOLD_NODE: 'http://127.0.0.1:9' } });
    const url = `${sellers.express.origin}/metered`;
    const buy = async (...args: string[]) => {
      const { code, stdout, stderr } = await freehold('curl', '-s', ...args);
      assert.equal(code, 0, stderr);
      return stdout;
    };

    const dry = await freehold('curl', '-s', '--dry-run', '--deposit', '0.02', url);
    assert.match(dry.stderr, /1000 atomic units of 0x5Fb\w+, by batch-settlement with a deposit of 0\.02 test USDC/);
    assert.match(await buy('--deposit', '0.02', url), /"call":\d+/);
    assert.match(await buy(url), /"call":\d+/);
    await buy('-o', 'got', '-X', 'POST', '-d', 'x', url);
    assert.match(readFileSync(join(dir, 'got'), 'utf8'), /"call":\d+/);
    const wallet = async () => JSON.parse((await freehold('balance', '--json')).stdout).balances as { where: string; amount: string }[];
    assert.deepEqual(
      (await wallet()).map(({ amount }) => amount),
      ['80000', '17000'],
    );
    assert.match((await freehold('balance')).stdout, /0\.08 USDC +eip155:31337 +wallet\n0\.017 USDC +eip155:31337 +channel to 0x/);

    // Everything that was known is lost: the seller's correction is no answer that anybody sees.
    rmSync(join(config, 'wallet.db'));
    await buy('-o', 'got', url);
    assert.match(readFileSync(join(dir, 'got'), 'utf8'), /"call":\d+/);
    rmSync(join(config, 'wallet.db'));
    assert.match(await buy('-i', '-D', 'heads', url), /^HTTP\/1\.1 200 [\s\S]*"call":\d+/);
    assert.match(readFileSync(join(dir, 'heads'), 'utf8'), /^HTTP\/1\.1 200 /);
    const [listed] = JSON.parse((await freehold('channel', 'list', '--json')).stdout);
    assert.deepEqual([listed.charged, listed.left], ['5000', '15000']);

    assert.match((await freehold('channel', 'refund', listed.id, '--amount', '0.005')).stdout, /0\.005 USDC came back/);
    assert.match((await freehold('channel', 'refund', url)).stdout, /0\.01 USDC came back/);
    assert.match((await freehold('channel', 'refund', url)).stderr, /did not refund/);
    assert.deepEqual(
      (await wallet()).map(({ amount }) => amount),
      ['95000', '0'],
    );

    // The seller is gone: notice, delay, and the money is back.
    await buy(url);
    await chain.fund(address, 0n);
    await sellers.express.claim();
    const rpc = (method: string, ...params: unknown[]) =>
      fetch(chain.rpcUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
    assert.match((await freehold('channel', 'withdraw', listed.id)).stdout, /0\.009 USDC can be taken from/);
    assert.match((await freehold('channel', 'withdraw', listed.id)).stdout, /run this again then/);
    await rpc('evm_increaseTime', 901);
    await rpc('evm_mine');
    const later = Date.now() + 901_000;
    t.mock.method(Date, 'now', () => later);
    assert.match((await freehold('channel', 'withdraw', listed.id)).stdout, /0\.009 USDC came back, tx 0x/);
    assert.equal((await wallet())[0]?.amount, '94000');
  },
);
