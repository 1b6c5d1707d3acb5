import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { verifies } from '../../../../requirements/verifies.ts';
import { arithmetic } from '../../../node/src/testing/modules.ts';
import { openTestDir, runCommand, startNode, type Options, type Result } from '../testing/run-command.ts';

const echo = `#!/bin/sh
read line
echo "$1 $line $WHO"
echo "a word aside" >&2
exit \${2:-0}
`;
const spin = '#!/bin/sh\nwhile :; do :; done\n';
const batch = ['--batch', '--open-args', '--price', '0.0001', '--per', 'second'];

/** A node that sells batch functions, and somebody with money and no account on it. */
async function open(t: TestContext) {
  const dir = openTestDir(t);
  writeFileSync(join(dir, 'echo.sh'), echo);
  writeFileSync(join(dir, 'spin.sh'), spin);
  const { url, end } = await startNode(dir);
  t.after(end);
  const as =
    (key: string) =>
    (argv: string[], options: Options = {}) =>
      runCommand(argv, { dir, ...options, env: { FREEHOLD_NODE: url, FREEHOLD_KEY: `@${key}` } });
  const [seller, payer] = [as('seller.key'), as('payer.key')];
  const json = async (by: typeof payer, ...argv: string[]) => good(await by([...argv, '--json']));
  for (const [by, key] of [
    [seller, 'seller.key'],
    [payer, 'payer.key'],
  ] as const)
    await json(by, 'key', 'new', '--out', key);
  await json(payer, 'key', 'fund');
  const open = ['--open-input', '--open-env', 'WHO'];
  const id: string = (await json(seller, 'offer', 'echo.sh', '--name', 'echo', ...batch, ...open, '--charge-on-error')).id;
  await json(seller, 'offer', 'echo.sh', '--name', 'strict', ...batch, ...open);
  await json(seller, 'offer', 'spin.sh', '--name', 'spin', ...batch, '--wall', '60s', '--cpu', '60s');
  await json(seller, 'offer', 'echo.sh', '--name', 'web', '--price', '0.001');
  const balance = async () => BigInt((await json(payer, 'key', 'balance')).amount);
  return { dir, url, id, seller, payer, json, balance };
}

function good({ code, stdout, stderr }: Result) {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test('freehold run: paid by the second, its streams and its exit code are those of the program', async (t) => {
  verifies('compute.cli.run', 'fn.run');
  const { dir, url, id, payer, seller, json, balance } = await open(t);
  const before = await balance();
  const ran = await payer(['run', 'echo', '--seconds', '5', '--env', 'WHO=you', '--input', '-', '--trace-pay', '--', 'hello'], {
    stdin: 'there\n',
  });
  assert.deepEqual([ran.code, ran.stdout], [0, 'hello there you\n'], ran.stderr);
  assert.match(ran.stderr, /^a word aside\nfreehold: paid 0\.0005 test USDC to 0x\w{40} tx 0x\w{64} · receipt saved /);
  assert.equal(before - (await balance()), 500n);
  const [{ id: task }] = await json(seller, 'task', 'list');
  assert.equal((await payer(['task', 'stdout', task])).stdout, 'hello there you\n');
  assert.equal((await payer(['task', 'stderr', task])).stdout, 'a word aside\n');
  assert.match((await payer(['task', 'status', task])).stdout, /state +done[\s\S]*paid +0\.0005 USDC/);
  const health = await payer(['task', 'health']);
  assert.deepEqual([health.code, /version [\d.]+: ok\n.* signed by 0x\w{40}\n/.test(health.stdout)], [0, true], health.stdout);
  assert.equal((await payer(['task', 'health', '--node', 'http://127.0.0.1:1'])).code, 1);
  assert.equal(readdirSync(join(dir, 'home/.config/freehold/receipts')).length, 1);

  writeFileSync(join(dir, 'in.txt'), `from a file\n${'x'.repeat(900_000)}`);
  for (const name of [id, `${url}/echo`, `${url}/echo/run/2`, `${url}/api/offers/echo`]) {
    const failed = await payer(['run', name, '--input', 'in.txt', '--', 'hi', '7']);
    assert.deepEqual([failed.code, failed.stdout, failed.stderr], [7, 'hi from a file \n', 'a word aside\n'], name);
  }
  const paid = await balance();
  const free = await payer(['run', 'strict', '--', 'hi', '7']);
  assert.deepEqual([free.code, free.stdout], [7, ''], 'of a run that is not paid for only its errors are given');
  assert.match(free.stderr, /a word aside\nfreehold: the run failed: it ended with code 7\. Nothing was charged/);
  const slow = await payer(['run', 'spin', '--seconds', '1']);
  assert.deepEqual([slow.code, slow.stdout], [125, '']);
  assert.match(slow.stderr, /the run failed: .*Nothing was charged/);
  assert.equal(await balance(), paid);
});

test('freehold run: Ctrl-C stops the run, --detach leaves it, and task shows and cancels it for who paid', async (t) => {
  verifies('compute.cli.run');
  const { payer, seller, json, balance } = await open(t);
  const before = await balance();
  const ctrl = new AbortController();
  const running = payer(['run', 'spin'], { signal: ctrl.signal });
  const isRunning = async () => (await json(seller, 'task', 'list')).find(({ state }: { state: string }) => state === 'running');
  let task;
  while (!(task = await isRunning())) await wait(20);
  ctrl.abort('SIGINT');
  const stopped = await running;
  assert.deepEqual([stopped.code, stopped.stdout], [130, '']);
  assert.equal(stopped.stderr, `freehold: stopped ${task.id}; nothing is charged for it\n`);

  const { stdout } = await payer(['run', 'spin', '--detach']);
  const id = stdout.trim();
  assert.match(id, /^b[a-z2-7]{58}$/);
  assert.ok(['waiting', 'running'].includes((await json(payer, 'task', 'show', id)).state));
  await json(payer, 'key', 'new', '--out', 'stranger.key');
  const unseen = await payer(['task', 'cancel', id, '--key', '@stranger.key']);
  assert.deepEqual([unseen.code, unseen.stderr.startsWith('freehold: No task has this id')], [1, true], unseen.stderr);
  assert.match((await payer(['task', 'cancel', id])).stdout, /^Stopped/);
  while ((await json(payer, 'task', 'show', id)).state !== 'failed') await wait(20);
  const again = await payer(['task', 'cancel', id]);
  assert.deepEqual([again.code, /ended already/.test(again.stderr)], [1, true]);
  assert.equal(await balance(), before);
});

test('freehold program: what the node keeps for a seller, removed when no offer sells it', async (t) => {
  verifies('compute.programs.quota');
  const { id, seller, json } = await open(t);
  const { programs } = await json(seller, 'program', 'list');
  assert.deepEqual(
    programs.map(({ kind }: { kind: string }) => kind),
    ['script', 'script'],
  );
  assert.match((await seller(['program', 'list'])).stdout, /^PROGRAM +KIND +SIZE +SINCE\n.*\n.*\n\d+ B of no limit\n$/);
  const [spin, echo] = programs.map(({ cid }: { cid: string }) => cid);
  const refused = await seller(['program', 'remove', echo]);
  assert.match(refused.stderr, /sells this program\. Withdraw that offer first/);
  await seller(['offer', 'withdraw', id]);
  assert.equal((await seller(['offer', 'withdraw', 'spin'])).code, 0);
  assert.equal((await seller(['program', 'remove', spin])).code, 0);
  assert.equal((await json(seller, 'program', 'list')).programs.length, 1);
});

test('freehold task verify --program runs a task of a deterministic function again, and counts its instructions', async (t) => {
  verifies('compute.fuel.receipt');
  const { dir, url, seller, payer, json } = await open(t);
  writeFileSync(join(dir, 'sums.wasm'), arithmetic);
  writeFileSync(join(dir, 'other.wasm'), Buffer.concat([arithmetic, Buffer.from([0, 2, 1, 0x78])]));
  const fixed = ['--name', 'sums', '--batch', '--open-args', '--deterministic', '--fuel', '100000'];
  await json(seller, 'offer', 'sums.wasm', ...fixed, '--price', '0.0001', '--per', 'mfuel');
  const ran = await payer(['run', 'sums', '--', 'spin', '1000']);
  assert.deepEqual([ran.code, ran.stdout], [0, '0\n'], ran.stderr);
  const [{ id: task }] = await json(seller, 'task', 'list');
  while ((await json(payer, 'task', 'status', task)).receipt === null) await wait(50);
  const { holds, documents } = await json(payer, 'task', 'verify', task, '--program', 'sums.wasm');
  assert.equal(holds, true);
  const names: string[] = documents.flatMap(({ checks }: { checks: { name: string }[] }) => checks.map(({ name }) => name));
  assert.equal(names.filter((name) => name === 'run again here, it writes the same').length, 2);
  assert.ok(
    names.some((name) => /^run again here, it takes the \d+ instructions that the receipt names$/.test(name)),
    names.join('\n'),
  );

  const other = await payer(['task', 'verify', task, '--program', 'other.wasm']);
  assert.notEqual(other.code, 0);
  assert.match(other.stderr, /The program is not the one that the task was run with/);
  const shell = await payer(['run', 'strict', '--input', '-', '--', 'hello'], { stdin: 'there\n' });
  assert.equal(shell.code, 0, shell.stderr);
  const [{ id: real }] = await json(seller, 'task', 'list');
  const refused = await payer(['task', 'verify', real, '--program', 'echo.sh']);
  assert.match(refused.stderr, /This task cannot be run again/, url);
});

test('freehold task verify: by id, by URL and from files, by who paid and by anybody', async (t) => {
  verifies('compute.task.signed', 'compute.cli.run');
  const { dir, url, payer, json } = await open(t);
  const { task, access } = await json(payer, 'run', 'echo', '--detach', '--seconds', '2');
  while (!(await json(payer, 'task', 'show', task)).receipt) await wait(20);
  const byId = await json(payer, 'task', 'verify', task);
  assert.equal(byId.holds, true);
  assert.deepEqual(
    byId.documents.map(({ kind, checks }: { kind: string; checks: unknown[] }) => [kind, checks.length]),
    [
      ['receipt', 6],
      ['result', 6],
    ],
  );
  const anybody = (...argv: string[]) => runCommand(['task', 'verify', ...argv], { dir });
  const address = `${url}/api/tasks/${task}/result?access=${access}`;
  assert.equal((await anybody(address)).code, 0);
  assert.equal((await anybody(address.slice(0, -1))).code, 1);
  assert.equal((await anybody(`${url}/echo`)).code, 2);

  for (const part of ['result', 'stdout', 'stderr', 'block']) {
    const response = await fetch(address.replace('/result', `/${part}`));
    writeFileSync(join(dir, part), Buffer.from(await response.arrayBuffer()));
  }
  const files = ['result', '--stdout', 'stdout', '--stderr', 'stderr', '--block', 'block', '--signer', byId.documents[1].signer];
  const whole = await anybody(...files);
  assert.deepEqual([whole.code, whole.stdout.match(/^ok {4}/gm)?.length], [0, 5], whole.stderr);
  assert.equal((await anybody('result', '--node', url)).code, 0);
  assert.match((await anybody('result')).stdout, /signer is the node was not checked[\s\S]*output was not at hand[\s\S]*It holds/);
  writeFileSync(join(dir, 'other'), 'other');
  for (const change of [
    ['--stdout', 'other'],
    ['--stderr', 'other'],
    ['--block', 'other'],
  ]) {
    const changed = await anybody('result', ...change);
    assert.deepEqual([changed.code, changed.stdout.match(/^FAIL {2}/gm)?.length], [1, 1], change.join(' '));
  }
  assert.equal((await anybody('result', '--signer', `0x${'11'.repeat(20)}`)).code, 1);
  const document = JSON.parse(readFileSync(join(dir, 'result'), 'utf8'));
  writeFileSync(join(dir, 'forged'), JSON.stringify({ ...document, result: { ...document.result, exitCode: 1 } }));
  assert.match((await anybody('forged')).stdout, /FAIL {2}the signature/);
  assert.match((await anybody('stdout')).stderr, /neither a signed receipt nor a signed result/);
  assert.match((await anybody('nowhere.json')).stderr, /cannot be read/);
});

test('freehold run: what prevents a run is told in a sentence, and costs nothing', async (t) => {
  verifies('compute.cli.run');
  const { payer, seller, json, balance } = await open(t);
  const before = await balance();
  const cases: [string[], number, RegExp][] = [
    [['web'], 125, /"web" is called over HTTP, not run as a batch/],
    [['nothing'], 125, /No function has this name/],
    [['echo', '--seconds', '61'], 125, /at most 20 seconds/],
    [['echo', '--seconds', '0'], 2, /1 to 3600/],
    [['echo', '--env', 'HOME=/'], 125, /HOME/],
    [['echo', '--env', 'HOME'], 2, /NAME=VALUE/],
    [['echo', '--input', 'missing'], 2, /missing/],
    [['a/b'], 2, /no name, id or URL/],
    [['http://x/a/b/c'], 2, /not the address/],
    [['echo', '--max', '0.00001'], 121, /freehold run --max/],
    [['echo', '--dry-run-pay'], 0, /would pay 0\.002 test USDC/],
    [['echo', '--node', 'http://127.0.0.1:1'], 125, /does not answer[\s\S]*freehold up/],
    [['echo', '--key', '@poor.key'], 123, /payment of 0\.002 test USDC was refused: /],
  ];
  await json(payer, 'key', 'new', '--out', 'poor.key');
  for (const [args, code, says] of cases) {
    const result = await payer(['run', ...args]);
    assert.deepEqual([result.code, result.stdout], [code, ''], `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, says, args.join(' '));
  }
  assert.equal(await balance(), before);
  assert.deepEqual(await json(seller, 'task', 'list'), []);
});

test('freehold run: a node with too much to do is told from one that refuses, with when to come back', async (t) => {
  verifies('compute.cli.run');
  const server = createServer((_request, response) =>
    response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' })
      .end(JSON.stringify({ error: { code: 'queue_full', message: 'Too many calls wait.', requestId: 'r1' } })),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  const { code, stderr } = await runCommand(['run', `http://127.0.0.1:${address.port}/echo`], { dir: openTestDir(t) });
  assert.deepEqual(
    [code, stderr],
    [125, 'freehold: The node has too much to do: Too many calls wait.\nNothing was charged. Try again in 7 s.\n'],
  );
});
