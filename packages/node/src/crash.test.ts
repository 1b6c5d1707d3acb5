import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { recoverAddress } from '@freehold/identity';
import {
  decodeReceipt,
  hashTypedData,
  paymentSignatureHeader,
  receiptHeader,
  receiptTypedData,
  type NodeInfo,
  type TaskSummary,
} from '@freehold/protocol';
import { createPublicClient, http } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic } from './testing/modules.ts';
import { isAlive, look, startNodeProcess, stayed, type NodeProcess } from './testing/node-process.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { clientOf, expectJson, sell, startTestNode, type Person } from './testing/test-node.ts';

const kills = process.env['FREEHOLD_LONG'] ? 60 : 2;
/** Each payer has so many calls under way at once. */
const [payers, lanes] = [4, 2];
const price = 1000n;
/** How long the node may take to bring everything to an end after a start. Generous: the machine may be busy. */
const patienceMs = 10_000;

/** Takes a while, and never prints the same twice: a second run would be seen. */
const clock = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int main(void) {
  struct timespec pause = {0, 40000000}, now;
  nanosleep(&pause, 0);
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("Content-Type: text/plain\\n\\n%s at %lld.%09ld\\n", getenv("QUERY_STRING"), (long long)now.tv_sec, now.tv_nsec);
}`;

function compile(source: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-crash-guest-'));
  try {
    writeFileSync(join(directory, 'guest.c'), source);
    execFileSync('cc', ['-O1', '-static', '-o', join(directory, 'guest'), join(directory, 'guest.c')]);
    return readFileSync(join(directory, 'guest'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const withoutCompiler =
  process.platform !== 'linux'
    ? 'native programs run on Linux only'
    : spawnSync('cc', ['--version']).error
      ? 'no C compiler (cc) on this machine'
      : false;

const kinds = [
  {
    kind: 'WebAssembly',
    skip: false,
    program: () => arithmetic,
    path: (index: number) => `/spin?n=${60_000_000 + index}`,
    answer: () => /^0\n$/,
  },
  {
    kind: 'native',
    skip: withoutCompiler,
    program: () => compile(clock),
    path: (index: number) => `?call=${index}`,
    answer: (index: number) => new RegExp(`^call=${index} at \\d+\\.\\d{9}\\n$`),
  },
];

type Answer = { text: string; task: string; receipt: string };
type Payment = { index: number; payer: PrivateKeyAccount; url: string; header: string; answer?: Answer };

describe('kill -9 of a node under load', { concurrency: 2 }, () => {
  for (const of of kinds)
    test(`${of.kind}: each paid call is finished, released or redeemable, and none is charged twice`, { skip: of.skip }, async (t) => {
      verifies('compute.task.crash');
      await torment(t, of);
    });
});

test('a payment that was settled and has no receipt, as a kill between the two leaves it, has one after the next start', async () => {
  verifies('compute.task.crash');
  const node = await startTestNode();
  const seller = await node.signIn();
  const { url } = await sell(node, seller, { program: arithmetic, name: 'work' });
  const call = `${url}/add?a=1&b=2`;
  const header = await paymentFor(await node.payer(), await termsOf(call), node.info.token ?? assert.fail());
  const { status, headers } = await fetch(call, { headers: { [paymentSignatureHeader]: header } });
  assert.equal(status, 200);
  await node.end({ keep: true });

  const { dataDirectory } = node;
  const database = new DatabaseSync(join(dataDirectory, 'freehold.db'));
  assert.equal(database.prepare('DELETE FROM receipt').run().changes, 1);
  database.close();
  const again = await startTestNode({ dataDirectory });
  try {
    const [task] = await allTasks(await again.signIn(seller.account));
    const { issuedAt: _, ...before } = decodeReceipt(headers.get(receiptHeader) ?? '').receipt;
    const { issuedAt: __, ...after } = task?.receipt?.receipt ?? assert.fail('there is no receipt');
    assert.deepEqual(after, before);
    assert.equal(task?.paid, String(price));
  } finally {
    await again.end();
  }
});

async function torment(t: TestContext, { program, path, answer: wanted }: (typeof kinds)[number]): Promise<void> {
  const seed = Number(process.env['FREEHOLD_CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`FREEHOLD_CRASH_SEED=${seed}`);
  const random = randomFrom(seed);
  const dataDirectory = mkdtempSync(join(tmpdir(), 'freehold-node-crash-'));
  let node: NodeProcess = await startNodeProcess({ dataDirectory });
  const chain = look(node.chain());
  assert.ok(chain);
  t.after(async () => {
    // After a failure they may still be there.
    await node.kill().catch(() => {});
    if (isAlive(chain)) process.kill(chain.pid, 'SIGKILL');
    rmSync(dataDirectory, { recursive: true, force: true });
  });
  const { signIn, payer: newPayer, balanceOf } = clientOf(() => node.url);
  const info = async (): Promise<NodeInfo> => expectJson(await fetch(`${node.url}/api/node`));
  const { token, rpcUrl, signer } = await info();
  assert.ok(token && rpcUrl);
  const signers = new Set([signer]);
  const ledger = createPublicClient({ transport: http(rpcUrl) });

  const seller = await signIn();
  const { url } = await sell({ info: { token } }, seller, { program: program(), name: 'work', amount: String(price) });
  const terms = await termsOf(`${url}${path(0)}`);
  const wallets = await Promise.all(Array.from({ length: payers }, newPayer));
  const had = await Promise.all(wallets.map(({ address }) => balanceOf(address)));
  const earnedBefore = await balanceOf(seller.address);

  const payments: Payment[] = [];
  /** Sent without an answer yet. */
  const open = new Set<Payment>();
  const tally = { early: 0, unanswered: 0, inTheEnd: { settled: 0, redeemed: 0 }, processes: 0 };

  async function pay(payer: PrivateKeyAccount): Promise<Payment> {
    const payment: Payment = { index: payments.length, payer, url: `${url}${path(payments.length)}`, header: '' };
    payments.push(payment);
    const validBefore = String(Math.floor(Date.now() / 1000) + 3600);
    const asked = { ...terms, resource: { ...terms.resource, url: payment.url } };
    payment.header = await paymentFor(payer, asked, token ?? assert.fail(), { authorization: { validBefore } });
    open.add(payment);
    return payment;
  }

  /** Sends a payment once. Answers the status; undefined when the connection broke. */
  async function present(payment: Payment): Promise<number | undefined> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(payment.url, { headers: { [paymentSignatureHeader]: payment.header } });
      text = await response.text();
    } catch {
      return undefined;
    }
    // Not yet: the payment is on its way.
    if (response.status === 202 || response.status === 429) return response.status;
    assert.equal(response.status, 200, text);
    const task = /id=(\S+)/.exec(response.headers.get('x-freehold-task') ?? '')?.[1] ?? '';
    const answer: Answer = { text, task, receipt: response.headers.get(receiptHeader) ?? '' };
    if (payment.answer) assert.deepEqual(answer, payment.answer, 'the same payment has the same result and receipt');
    else await check(payment, answer);
    payment.answer = answer;
    open.delete(payment);
    return 200;
  }

  async function check({ index, payer }: Payment, { text, task, receipt: header }: Answer): Promise<void> {
    assert.match(text, wanted(index));
    const { receipt, signer: by, signature } = decodeReceipt(header);
    assert.equal(recoverAddress(hashTypedData(receiptTypedData(receipt)), signature), by);
    assert.ok(signers.has(by), 'a key of this node has signed');
    assert.deepEqual([receipt.task, receipt.payer, receipt.amount], [task, payer.address, String(price)]);
    assert.equal((await ledger.getTransactionReceipt({ hash: receipt.transaction })).status, 'success');
  }

  /** Until there is a result: a payment without one must be good for it. */
  async function redeem(payment: Payment): Promise<void> {
    const deadline = Date.now() + patienceMs;
    let status: number | undefined;
    while ((status = await present(payment)) !== 200) {
      assert.ok(Date.now() < deadline, `payment ${payment.index} has no result: ${status}`);
      await wait(200);
    }
  }

  /** Each payer pays, and presents what has had no answer before, until the connection breaks. */
  async function load(payer: PrivateKeyAccount, hear: () => void): Promise<void> {
    const again = [...open].filter((payment) => payment.payer === payer);
    const work = async () => {
      for (;;) {
        const status = await present(again.pop() ?? (await pay(payer)));
        if (status === undefined) return;
        if (status === 200) hear();
      }
    };
    await Promise.all(Array.from({ length: lanes }, work));
  }

  /** Sums of the chain, the ledger and the tasks, which agree when all that was under way has come to an end. */
  async function sums() {
    const [onChain, earnings, tasks] = [
      (await balanceOf(seller.address)) - earnedBefore,
      await expectJson(await seller.fetch('/api/earnings')),
      await allTasks(seller),
    ];
    const paid = tasks.reduce((sum, task) => sum + BigInt(task.paid), 0n);
    return { chain: onChain, ledger: BigInt(earnings.settled), tasks: paid };
  }
  async function agree(when: string): Promise<bigint> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = await sums();
      if (found.chain === found.ledger && found.ledger === found.tasks) return found.chain;
      assert.ok(Date.now() < deadline, `${when} chain ${found.chain}, ledger ${found.ledger} and tasks ${found.tasks} do not agree`);
      await wait(100);
    }
  }

  for (let kill = 1; kill <= kills; kill++) {
    const when = `after kill ${kill}`;
    // By answers, so that it hits work on a slow machine, too.
    const enough = Promise.withResolvers<void>();
    let toHear = 1 + Math.floor(random() * 16);
    const hear = () => {
      if (--toHear === 0) enough.resolve();
    };
    const answeredBefore = payments.filter(({ answer }) => answer).length;
    const working = Promise.all(wallets.map((payer) => load(payer, hear)));
    await Promise.race([enough.promise, working]);
    await wait(random() * 80);
    const left = await node.kill();
    await working;
    const now = payments.filter(({ answer }) => answer);
    tally.early += now.length - answeredBefore;
    tally.unanswered += open.size;
    tally.processes += left.length;
    assert.ok(left.length > 0 && open.size > 0, 'the kill hit work');
    assert.deepEqual(await stayed(left), [], `${when} nothing of the node is left`);
    assert.ok(isAlive(chain), 'the chain outlives the node, as a real one would');

    node = await startNodeProcess({ dataDirectory, port: Number(new URL(node.url).port) });
    assert.equal(node.chain(), chain.pid);
    signers.add((await info()).signer);
    const tasks = await allTasks(seller);
    assert.deepEqual(
      tasks.filter(({ state }) => state === 'waiting' || state === 'running'),
      [],
      `${when} no task is still under way`,
    );
    // What was settled without its caller is in all the books before he comes back.
    const settled = await agree(when);
    const withoutAnswer = settled / price - BigInt(now.length);
    assert.ok(withoutAnswer >= 0n && withoutAnswer <= BigInt(open.size), `${when} ${withoutAnswer} of ${open.size} are charged`);
    tally.inTheEnd.settled += Number(withoutAnswer);

    // A third stays away, and comes back under the next load or at the end.
    const back = [...open].filter(() => random() < 2 / 3);
    tally.inTheEnd.redeemed += back.length;
    await Promise.all([...back, ...now.slice(-8), ...now.slice(0, 2)].map(redeem));
  }

  await Promise.all(payments.map(redeem));
  const total = await agree('in the end');
  assert.equal(total, BigInt(payments.length) * price);
  const spent = await Promise.all(wallets.map(async ({ address }, index) => (had[index] ?? 0n) - (await balanceOf(address))));
  const bought = wallets.map((wallet) => BigInt(payments.filter(({ payer }) => payer === wallet).length) * price);
  assert.deepEqual(spent, bought, 'each payer has paid once for each of his calls');
  const tasks = new Map((await allTasks(seller)).map((task) => [task.id, task]));
  for (const { index, answer } of payments) {
    const task = tasks.get(answer?.task ?? '');
    assert.deepEqual([task?.state, task?.paid], ['done', String(price)], `payment ${index}`);
  }
  assert.equal(tasks.size, payments.length, 'no payment has run as two tasks');

  const left = node.below();
  assert.equal(await node.end(), 0);
  assert.deepEqual(await stayed([...left, chain]), [], 'a node that is asked to end takes its chain with it');
  const { settled, redeemed } = tally.inTheEnd;
  t.diagnostic(
    `${kills} kills, ${payments.length} payments: ${tally.early} answered before a kill, ${tally.unanswered} cut off by one; of those ${settled} were charged when the node was back and ${redeemed} came for their result at once; ${tally.processes} processes of killed nodes ended`,
  );
}

async function allTasks(seller: Person): Promise<TaskSummary[]> {
  const all: TaskSummary[] = [];
  for (let after = ''; ;) {
    const { tasks, next } = await expectJson(await seller.fetch(`/api/tasks?limit=200${after}`));
    all.push(...tasks);
    if (next === null) return all;
    after = `&after=${next}`;
  }
}

/** Numbers from 0 to 1 that a seed repeats (a 32-bit linear congruential generator with the constants of Numerical Recipes). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
