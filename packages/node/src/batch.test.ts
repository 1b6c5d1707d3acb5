import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { recoverAddress } from '@freehold/identity';
import {
  defaultLimits,
  fromHex,
  hashTypedData,
  os402StreamDigest,
  paymentSignatureHeader,
  taskDigest,
  taskProofHeader,
  taskProofTypedData,
  taskResultTypedData,
  toJsonHeader,
  toWalletJson,
} from '@freehold/protocol';
import { createWalletClient, http, parseAbi, publicActions } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic } from './testing/modules.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
let payer: PrivateKeyAccount;

before(async () => {
  node = await startTestNode({ pools: [{ name: 'spare', memory: 0.5, slots: 0.5 }] });
  seller = await node.signIn();
  payer = await node.payer();
  const { token } = node.info;
  assert.ok(token);
  const offer: Parameters<typeof sell>[2] = {
    program: arithmetic,
    name: 'sums',
    interface: 'batch',
    open: { args: true },
    limits: { ...defaultLimits, wallMs: 60_000, cpuMs: 60_000 },
    prices: [{ network: token.network, asset: token.asset, amount: '100', payTo: seller.address, per: 'second' }],
  };
  await sell(node, seller, offer);
  await sell(node, seller, { ...offer, name: 'pooled', pool: 'spare' });
});
after(() => node.end());

const runUrl = (seconds: number) => `${node.url}/sums/run/${seconds}`;
const post = (args: string[], header?: string): RequestInit => ({
  method: 'POST',
  redirect: 'manual',
  headers: { 'content-type': 'application/json', ...(header !== undefined && { [paymentSignatureHeader]: header }) },
  body: JSON.stringify({ args }),
});

async function begin(args: string[], seconds = 5): Promise<{ task: string; access: string; location: string; header: string }> {
  const { token } = node.info;
  assert.ok(token);
  const url = runUrl(seconds);
  const header = await paymentFor(payer, await termsOf(url, post(args)), token);
  const response = await fetch(url, post(args, header));
  const text = await response.text();
  assert.equal(response.status, 302, text);
  return { ...JSON.parse(text), location: response.headers.get('location') ?? '', header };
}

async function expectBegun(response: Response): Promise<{ task: string; access: string }> {
  const text = await response.text();
  assert.equal(response.status, 302, text);
  return JSON.parse(text);
}

async function ended(location: string): Promise<{ status: string; exit_code?: number }> {
  for (;;) {
    const task = await expectJson(await fetch(new URL(location, node.url)));
    if (task.status !== 'pending' && task.status !== 'running') return task;
    await wait(50);
  }
}

async function outputOf(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const response = await fetch(new URL(path, node.url), init);
    if (response.status !== 425) return response;
    await response.body?.cancel();
    await wait(50);
  }
}

test('a batch run is paid by the seconds it may take, goes on by itself, and answers OS402’s clients at the right path', async () => {
  verifies('compute.batch');
  assert.equal((await termsOf(runUrl(5), post(['add', '20', '22']))).accepts[0]?.amount, '500');
  const had = await node.balanceOf(payer.address);
  const { task, access, location, header } = await begin(['add', '20', '22']);
  assert.equal(location, `/tasks/${taskDigest(task).slice(2)}?access=${access}`);
  assert.deepEqual([(await ended(location)).status], ['completed']);

  const stdout = await expectJson(await outputOf(location.replace('?', '/stdout?')));
  assert.equal(stdout.content, '42\n');
  assert.equal(stdout.sha256, createHash('sha256').update('42\n').digest('hex'));
  assert.equal(stdout.status, 'completed');
  const digest = os402StreamDigest({ stream: 'stdout', owner: stdout.owner, task, contentSha256: `0x${stdout.sha256}` });
  const inner = createHash('sha256')
    .update(fromHex(stdout.owner))
    .update(fromHex(taskDigest(task)))
    .update(Buffer.from(stdout.sha256, 'hex'))
    .digest();
  assert.deepEqual(Buffer.from(digest), createHash('sha256').update('os402.task.stdout').update(inner).digest());
  assert.equal(recoverAddress(digest, stdout.signature), stdout.owner);
  assert.equal(had - (await node.balanceOf(payer.address)), 500n);

  // The same payment again is the same task, and paid once.
  const again = await fetch(runUrl(5), post(['add', '20', '22'], header));
  assert.equal(again.headers.get('location'), location);
  assert.equal(had - (await node.balanceOf(payer.address)), 500n);
});

test('a caller may add what the offer leaves open and nothing else, and no longer than it says', async () => {
  verifies('compute.batch');
  const url = `${node.url}/api/offers/sums/run?seconds=5`;
  const { token } = node.info;
  assert.ok(token);
  const send = async (body: object, at = url) => {
    const init = { method: 'POST', body: JSON.stringify(body) };
    const header = await paymentFor(payer, await termsOf(at, { ...init, body: '{}' }), token);
    return fetch(at, { ...init, headers: { [paymentSignatureHeader]: header } });
  };
  // Whatever is wrong is said before anything is held.
  for (const [body, message] of [
    [{ args: ['add', '1', '2'], env: { HOME: '/' } }, /no variables/],
    [{ args: ['add', '1', '2'], stdin: 'x' }, /no input/],
    [{ args: ['add', '1', 'x'] }, /must be a number/],
    [{ args: ['add', '1', '2'], surprise: 1 }, /Unknown field/],
  ] as const) {
    const response = await send(body);
    assert.equal(response.status, 400);
    assert.match(await response.text(), message);
  }
  assert.equal((await fetch(runUrl(61), post(['add', '1', '2']))).status, 400);
  assert.equal((await fetch(`${node.url}/sums.cgi/add?a=1&b=2`, { headers: { [paymentSignatureHeader]: 'x' } })).status, 400);
});

test('a task is seen by its payer, its seller and the owner, and to others it does not exist', async () => {
  verifies('compute.task.private');
  const { task, access, location } = await begin(['add', '1', '2']);
  await ended(location);
  const path = `/api/tasks/${task}/stdout`;
  const stranger = await node.letIn(seller, 'member');
  assert.equal((await fetch(new URL(path, node.url))).status, 404);
  assert.equal((await stranger.fetch(path)).status, 404);
  assert.equal((await stranger.fetch(`/api/tasks/${task}`)).status, 404);
  assert.equal((await fetch(new URL(`${path}?access=${access.slice(0, -1)}x`, node.url))).status, 404);
  assert.equal((await stranger.fetch(`/api/tasks/${task}`, { method: 'DELETE' })).status, 404);

  assert.equal(await (await outputOf(`${path}?access=${access}`)).text(), '3\n');
  assert.equal(await (await seller.fetch(path)).text(), '3\n');
  const proofBy = async (account: PrivateKeyAccount, at = node.url, expiresAt = Date.now() + 60_000) => {
    const proof = { address: account.address, task, node: at, expiresAt };
    return {
      [taskProofHeader]: toJsonHeader({
        ...proof,
        signature: await account.signTypedData(JSON.parse(toWalletJson(taskProofTypedData(proof)))),
      }),
    };
  };
  assert.equal(await (await fetch(new URL(path, node.url), { headers: await proofBy(payer) })).text(), '3\n');
  for (const headers of [
    await proofBy(stranger.account),
    await proofBy(payer, 'https://elsewhere.example'),
    await proofBy(payer, node.url, Date.now() - 1),
  ])
    assert.equal((await fetch(new URL(path, node.url), { headers })).status, 404);
});

test('how a task ended is signed by the node, and its id is the hash of what was run', async () => {
  verifies('compute.task.private');
  const { task, access, location } = await begin(['add', '3', '4']);
  await ended(location);
  const { result, signer, signature } = await expectJson(await outputOf(`/api/tasks/${task}/result?access=${access}`));
  assert.equal(recoverAddress(hashTypedData(taskResultTypedData(result)), signature), signer);
  assert.equal(signer, node.info.signer);
  assert.equal(result.stdout, `0x${createHash('sha256').update('7\n').digest('hex')}`);
  const block = Buffer.from(await (await fetch(new URL(`/api/tasks/${task}/block?access=${access}`, node.url))).arrayBuffer());
  assert.equal(taskDigest(task), `0x${createHash('sha256').update(block).digest('hex')}`);
});

test('a run that comes with a payment is sold, also while the pool has room; the same payment is the same run', async () => {
  verifies('compute.offers.pools');
  const { token } = node.info;
  assert.ok(token);
  // Whose earlier payments are all settled: there are none.
  const mine = await node.payer();
  const [url, args, had] = [`${node.url}/pooled/run/5`, ['add', '3', '4'], await node.balanceOf(mine.address)];
  const run = async (header?: string): Promise<string> => {
    const response = await fetch(url, post(args, header));
    assert.equal(response.status, 302);
    const { status } = await ended(response.headers.get('location') ?? '');
    assert.equal(status, 'completed');
    return JSON.parse(await response.text()).task;
  };
  const free = await run();
  const terms = await termsOf(runUrl(5), post(args));
  const { extensions: _, ...stock } = { ...terms, resource: { ...terms.resource, url } };
  const header = await paymentFor(mine, stock, token);
  const paid = await run(header);
  assert.notEqual(paid, free);
  assert.equal(await run(header), paid);
  while ((await node.balanceOf(mine.address)) === had) await wait(50);
  assert.equal(had - (await node.balanceOf(mine.address)), 500n);
});

test('a run is stopped by its payer, costs nothing then, and its output is not given', async () => {
  verifies('compute.batch');
  const had = await node.balanceOf(payer.address);
  const { task, access, location } = await begin(['spin', '0'], 60);
  for (;;) {
    const { tasks } = await expectJson(await seller.fetch('/api/tasks/live'));
    if (tasks.some(({ id, state }: { id: string; state: string }) => id === task && state === 'running')) break;
    await wait(20);
  }
  assert.equal((await fetch(new URL(`/api/tasks/${task}?access=${access}`, node.url), { method: 'DELETE' })).status, 202);
  assert.equal((await ended(location)).status, 'killed');
  assert.equal((await outputOf(`/api/tasks/${task}/stdout?access=${access}`)).status, 404);
  assert.equal(await node.balanceOf(payer.address), had);
  const statistics = await expectJson(await seller.fetch('/api/offers/sums/statistics'));
  assert.ok(statistics.calls >= 4 && statistics.failures.killed === 1, JSON.stringify(statistics));
  const { logs } = await expectJson(await seller.fetch('/api/offers/sums/logs'));
  assert.ok(logs.length >= 4);
});

test('a run of a deterministic function that several pay for at once is paid once, and tells the others nothing of who paid', async () => {
  verifies('compute.batch.once');
  const { token } = node.info;
  assert.ok(token);
  const limits = { ...defaultLimits, wallMs: 60_000, cpuMs: 60_000 };
  const prices = [{ network: token.network, asset: token.asset, amount: '100', payTo: seller.address, per: 'second' as const }];
  await sell(node, seller, {
    program: arithmetic,
    name: 'once',
    interface: 'batch',
    open: { args: true },
    deterministic: true,
    limits,
    prices,
  });
  const url = `${node.url}/once/run/5`;
  const buy = async (wallet: PrivateKeyAccount, args: string[]) => {
    const header = await paymentFor(wallet, await termsOf(url, post(args)), token);
    const response = await fetch(url, post(args, header));
    return { ...(await expectBegun(response)), location: response.headers.get('location') ?? '' };
  };
  const wallets = [payer, await node.payer(), await node.payer()];
  const had = await Promise.all(wallets.map(({ address }) => node.balanceOf(address)));
  const begun = await Promise.all(wallets.map((wallet) => buy(wallet, ['spin', '500000000'])));
  assert.equal(new Set(begun.map(({ task }) => task)).size, 1);
  const later = await buy(wallets[1] ?? assert.fail(), ['spin', '500000000']);
  for (const { location } of [...begun, later]) {
    assert.equal((await ended(location)).status, 'completed');
    assert.equal((await expectJson(await outputOf(location.replace('?', '/stdout?')))).content, '0\n');
  }
  while ((await expectJson(await seller.fetch(`/api/tasks/${later.task}`))).receipt === null) await wait(50);
  const spent = await Promise.all(wallets.map(async ({ address }, index) => (had[index] ?? 0n) - (await node.balanceOf(address))));
  assert.deepEqual(
    spent.toSorted((a, b) => Number(a - b)),
    [0n, 0n, 500n],
  );
  const paying = spent.findIndex((amount) => amount > 0n);
  for (const [index, { task, access }] of [...begun, later].entries()) {
    const text = await (await fetch(new URL(`/api/tasks/${task}?access=${access}`, node.url))).text();
    assert.equal(text.includes(wallets[paying]?.address ?? '-'), index === paying, text);
  }
});

/** All that a wallet has goes elsewhere on the chain, whatever it has promised to whom. */
async function spendAll(account: PrivateKeyAccount): Promise<void> {
  const { rpcUrl, token } = node.info;
  assert.ok(rpcUrl && token);
  const client = createWalletClient({ account, transport: http(rpcUrl) }).extend(publicActions);
  const gas = { jsonrpc: '2.0', id: 1, method: 'anvil_setBalance', params: [account.address, '0xde0b6b3a7640000'] };
  await expectJson(await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(gas) }));
  const hash = await client.writeContract({
    address: token.asset,
    abi: parseAbi(['function transfer(address to, uint256 value) returns (bool)']),
    functionName: 'transfer',
    args: ['0x000000000000000000000000000000000000dEaD', await node.balanceOf(account.address)],
    chain: null,
  });
  await client.waitForTransactionReceipt({ hash });
}

test('who follows a run that is not paid in the end pays for it', async () => {
  verifies('compute.batch.once');
  const { token } = node.info;
  assert.ok(token);
  const url = `${node.url}/once/run/60`;
  const args = ['spin', '2000000000'];
  const [poor, rich] = [await node.payer(), await node.payer()];
  const buy = async (wallet: PrivateKeyAccount) => {
    const header = await paymentFor(wallet, await termsOf(url, post(args)), token);
    const response = await fetch(url, post(args, header));
    return { ...(await expectBegun(response)), location: response.headers.get('location') ?? '' };
  };
  const first = await buy(poor);
  const second = await buy(rich);
  assert.equal(first.task, second.task);
  await spendAll(poor);
  const had = await node.balanceOf(rich.address);
  assert.equal((await ended(second.location)).status, 'completed');
  while ((await node.balanceOf(rich.address)) === had) await wait(50);
  assert.equal((await expectJson(await outputOf(second.location.replace('?', '/stdout?')))).content, '0\n');
});

test('who asks for the same run cannot stop it for another', async () => {
  verifies('compute.batch');
  const { token } = node.info;
  assert.ok(token);
  const limits = { ...defaultLimits, wallMs: 60_000, cpuMs: 60_000 };
  await sell(node, seller, { program: arithmetic, name: 'shared', interface: 'batch', open: { args: true }, deterministic: true, limits });
  const url = `${node.url}/shared/run/60`;
  const begun: { task: string; access: string }[] = [];
  for (const wallet of [payer, await node.payer()]) {
    const header = await paymentFor(wallet, await termsOf(url, post(['spin', '0'])), token);
    begun.push(await expectBegun(await fetch(url, post(['spin', '0'], header))));
  }
  const [first, second] = begun;
  assert.ok(first && second && first.task === second.task);
  const path = `/api/tasks/${first.task}`;
  for (const [{ access }, why] of [
    [second, /Somebody else pays for this run/],
    [first, /Somebody else waits for the same run/],
  ] as const) {
    const refusal = await fetch(new URL(`${path}?access=${access}`, node.url), { method: 'DELETE' });
    assert.deepEqual([refusal.status, why.test(await refusal.text())], [409, true]);
  }
  assert.equal((await seller.fetch(path, { method: 'DELETE' })).status, 202, 'its seller can');
});
