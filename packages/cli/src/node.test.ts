import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { curlMissing } from './testing/real-curl.ts';
import { openTestDir, runCommand, startNode } from './testing/run-command.ts';

/** (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)) */
const adder = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex');

test('up, key, offer, curl and task work together on a real node, and up ends cleanly', { skip: curlMissing }, async (t) => {
  verifies('foundation.cli', 'foundation.curl.transparent');
  const dir = openTestDir(t);
  writeFileSync(join(dir, 'adder.wasm'), adder);
  const node = await startNode(dir);
  // Whatever fails below, the node must not outlive the test.
  t.after(node.end);
  const { url, testMoney, claimCode } = node;
  assert.equal(testMoney, true);
  assert.match(claimCode, /\w{4}-\w{4}/);

  assert.ok(existsSync(join(dir, 'data', 'freehold.db')), '--data is relative to where the command was given');

  const freehold = async (...argv: string[]) => {
    const result = await runCommand(argv, { dir, env: { FREEHOLD_NODE: url, FREEHOLD_KEY: '@wallet.key' } });
    return { ...result, argv };
  };
  const json = async (...argv: string[]) => {
    const { code, stdout, stderr } = await freehold(...argv, '--json');
    assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  };

  const { address } = await json('key', 'new', '--out', 'wallet.key');
  assert.equal((await json('key', 'fund')).address, address);
  const before = BigInt((await json('key', 'balance')).amount);
  assert.ok(before > 0n);

  const sold = await freehold(
    'offer',
    'adder.wasm',
    '--name',
    'adder',
    '--price',
    '0.001',
    '--pay-to',
    `0x${'22'.repeat(20)}`,
    '--deterministic',
  );
  assert.equal(sold.code, 0, sold.stderr);
  assert.match(sold.stdout, new RegExp(`price  0\\.001 USDC a call[\\s\\S]*freehold curl '${url}/adder\\.cgi/add\\?a=6&b=7'`));
  const [offer] = await json('offer', 'list');
  assert.deepEqual([offer.offer.name, offer.offer.deterministic, offer.offer.prices[0].amount], ['adder', true, '1000']);

  const call = `${url}/adder.cgi/add?a=6&b=7`;
  const bought = await freehold('curl', '-s', '--trace-pay', '--max', '0.01', call);
  assert.deepEqual([bought.code, bought.stdout], [0, '13\n'], bought.stderr);
  assert.match(bought.stderr, /paid 0\.001 test USDC to 0x2{40} tx 0x\w{64} · receipt saved /i);
  assert.equal(before - BigInt((await json('key', 'balance')).amount), 1000n);

  const made = await json('password', 'new', '--label', 'laptop', '--read-only');
  const mounted = async () =>
    (await fetch(`${url}/dav/`, { headers: { authorization: `Basic ${btoa(`${address}:${made.password}`)}` } })).status;
  assert.equal(await mounted(), 200);
  assert.deepEqual(
    (await json('password', 'list')).map(({ label, access }: { label: string; access: string }) => [label, access]),
    [['laptop', 'read']],
  );
  assert.equal((await freehold('password', 'revoke', made.id)).code, 0);
  assert.equal(await mounted(), 401);

  const [task] = await json('task', 'list');
  assert.equal((await json('task', 'show', task.id)).paid, '1000');
  assert.equal((await freehold('task', 'stdout', task.id)).stdout, '13\n');
  assert.equal((await freehold('task', 'stderr', task.id)).stdout, '');
  assert.equal((await json('task', 'verify', task.id)).holds, true);
  assert.match((await freehold('task', 'list')).stdout, /TASK +STATE[\s\S]*0\.001 USDC/);
  assert.equal((await freehold('task', 'show', 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')).code, 1);

  const taken = await freehold('up', '--port', new URL(url).port, '--data', 'other');
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /taken|in use/i);

  assert.equal((await json('offer', 'withdraw', 'adder')).state, 'withdrawn');
  assert.notEqual((await freehold('offer', 'withdraw', 'nothing-here')).code, 0);
  const wrong = await freehold('offer', 'adder.wasm', '--name', 'Bad Name', '--price', '0.001');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--name cannot be offered/);

  assert.equal((await node.end()).code, 0);
});
