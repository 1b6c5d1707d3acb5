import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { curlMissing } from '../testing/real-curl.ts';
import { openTestDir, runCommand, startNode, type Options, type Result } from '../testing/run-command.ts';

const hello = '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nhello %s\\n" "$QUERY_STRING"\n';

test(
  'freehold curl pays a node by exact, from a channel and from a grant, and what is known of both survives its loss',
  { skip: curlMissing },
  async (t) => {
    verifies('payments.client.node');
    const dir = openTestDir(t);
    writeFileSync(join(dir, 'hello.sh'), hello);
    const { url, end } = await startNode(dir);
    t.after(end);
    const as =
      (key: string) =>
      (argv: string[], options: Options = {}): Promise<Result> =>
        runCommand(argv, { dir, ...options, env: { FREEHOLD_NODE: url, FREEHOLD_KEY: `@${key}` } });
    const [seller, payer] = [as('seller.key'), as('payer.key')];
    const json = async (by: typeof payer, ...argv: string[]) => {
      const { code, stdout, stderr } = await by([...argv, '--json']);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    await json(seller, 'key', 'new', '--out', 'seller.key');
    await json(payer, 'key', 'new', '--out', 'payer.key');
    await json(payer, 'key', 'fund');
    await json(seller, 'offer', 'hello.sh', '--name', 'hello', '--price', '0.001');
    const balance = async () => BigInt((await json(payer, 'key', 'balance')).amount);
    const before = await balance();
    let calls = 0;
    const buy = async (scheme: string, ...more: string[]) => {
      const number = ++calls;
      const { code, stdout, stderr } = await payer([
        'curl',
        '-s',
        '--scheme',
        scheme,
        '--trace-pay',
        ...more,
        `${url}/hello.cgi?${number}`,
      ]);
      assert.deepEqual([code, stdout], [0, `hello ${number}\n`], stderr);
      assert.match(stderr, /paid 0\.001 test USDC/);
    };
    await buy('exact');
    assert.equal(before - (await balance()), 1_000n);
    for (const scheme of ['channel', 'escrow']) {
      const start = await balance();
      await buy(scheme, '--deposit', '0.05');
      await buy(scheme);
      await buy(scheme, '-X', 'POST', '-d', 'x');
      assert.equal(start - (await balance()), 50_000n, `one deposit by ${scheme}`);
    }
    const { payments } = await json(payer, 'spend');
    assert.deepEqual(
      payments.map((each: { scheme: string; state: string; charged: string }) => `${each.scheme} ${each.state} ${each.charged}`),
      [
        ...Array.from({ length: 3 }, () => 'escrow paid 1000'),
        ...Array.from({ length: 3 }, () => 'batch-settlement paid 1000'),
        'exact paid 1000',
      ],
    );
    const left = await json(payer, 'balance');
    assert.deepEqual(
      left.balances.map(({ amount }: { amount: string }) => amount).sort(),
      ['47000', '47000', String(await balance())].sort(),
    );
    rmSync(join(dir, 'home/.config/freehold/wallet.db'));
    const start = await balance();
    await buy('channel');
    await buy('escrow');
    assert.equal(await balance(), start, 'what was lost came back from the node, and nothing was deposited again');
    const auto = await payer(['curl', '-s', '--dry-run', `${url}/hello.cgi?auto`]);
    assert.match(auto.stderr, /by (batch-settlement|escrow)\n/, 'what is open already is used');
  },
);
