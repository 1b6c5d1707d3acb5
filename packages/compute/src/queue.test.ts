import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { ComputeError } from './error.ts';
import { openQueue, type QueueLimits, type Ticket } from './queue.ts';

/** A node whose runs take as long as the test says: each that has its turn is run to its end, in the order of the turns. */
function openBench(limits: Partial<QueueLimits> = {}, slots = 1) {
  let time = 0;
  const queue = openQueue({ slots, limits, now: () => time });
  const ran: { payer: string; offer: string }[] = [];
  const running: { end: () => void; us: number }[] = [];
  const refusals: ComputeError[] = [];
  const call = (ticket: Ticket, us = 1000, unpaid = false) =>
    queue.enter(ticket).then(
      (turn) => {
        ran.push({ payer: ticket.payer, offer: ticket.offer });
        running.push({
          us,
          end() {
            turn.done(us);
            turn.end({ unpaid });
          },
        });
      },
      (error: unknown) => {
        if (!(error instanceof ComputeError)) throw error;
        refusals.push(error);
      },
    );
  /** Ends runs, one after another, until nothing runs or so much time has passed. */
  async function work(forMs = Infinity) {
    const until = time + forMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = running.shift();
      if (!next) return;
      time += next.us / 1000;
      next.end();
      await new Promise((resolve) => setImmediate(resolve));
      if (time >= until) return;
    }
  }
  const shareOf = (payer: string) => ran.filter((run) => run.payer === payer).length;
  return { queue, call, work, ran, refusals, shareOf, pass: (ms: number) => (time += ms) };
}
const times = (count: number) => Array.from({ length: count }, (_, index) => index);

test('a payer with a thousand calls waiting does not hold up one with ten', async () => {
  verifies('compute.queue.fair');
  const { call, work, ran, shareOf } = openBench();
  for (const _ of times(1000)) void call({ payer: 'many', offer: 'a' });
  for (const _ of times(10)) void call({ payer: 'few', offer: 'a' });
  await work(25);
  assert.equal(shareOf('few'), 10, `${shareOf('few')} of ${ran.length}`);
  assert.ok(shareOf('many') >= 10);
});

test('payers share the time, not the number of calls', async () => {
  verifies('compute.queue.fair');
  const { call, work, shareOf } = openBench();
  for (const _ of times(500)) void call({ payer: 'slow', offer: 'a' }, 10_000);
  for (const _ of times(900)) void call({ payer: 'quick', offer: 'b' }, 1_000);
  await work(1000);
  const ratio = (shareOf('slow') * 10) / shareOf('quick');
  assert.ok(ratio > 0.8 && ratio < 1.25, `slow ${shareOf('slow')}, quick ${shareOf('quick')}`);
});

test('who pays comes before who does not, and both come', async () => {
  const { call, work, shareOf } = openBench();
  for (const _ of times(500)) {
    void call({ payer: 'pays', offer: 'a', weight: 4 });
    void call({ payer: 'free', offer: 'a' });
  }
  await work(300);
  const ratio = shareOf('pays') / shareOf('free');
  assert.ok(ratio > 3.5 && ratio < 4.5, `${shareOf('pays')} : ${shareOf('free')}`);
});

test('the offers of a payer come in turn', async () => {
  verifies('compute.queue.fair');
  const { call, work, ran } = openBench();
  for (const _ of times(20)) void call({ payer: 'p', offer: 'a' });
  for (const _ of times(20)) void call({ payer: 'p', offer: 'b' });
  await work(12);
  assert.ok(ran.filter(({ offer }) => offer === 'b').length >= 5, JSON.stringify(ran.map(({ offer }) => offer)));
});

test('one offer cannot take every place while calls of others wait, and takes them when none do', async () => {
  verifies('compute.queue.fair');
  const { call, ran, work } = openBench({}, 4);
  for (const payer of times(8)) void call({ payer: String(payer), offer: 'slow' }, 1_000_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ran.length, 4);
  void call({ payer: 'another', offer: 'quick' });
  await work(1000);
  assert.equal(ran[4]?.offer, 'quick', 'four of the slow one wait before it');
});

test('who comes back has not saved up the time in which he wanted nothing', async () => {
  const { call, work, ran, shareOf } = openBench();
  void call({ payer: 'idle', offer: 'a' });
  for (const _ of times(300)) void call({ payer: 'busy', offer: 'a' });
  await work(200);
  const before = ran.length;
  for (const _ of times(300)) void call({ payer: 'idle', offer: 'a' });
  await work(40);
  const [idle, busy] = [shareOf('idle') - 1, ran.length - before - (shareOf('idle') - 1)];
  assert.ok(Math.abs(idle - busy) <= 4, `${idle} : ${busy}`);
});

test('the queue is bounded for each payer, each offer and in all, and says when to come back', async () => {
  verifies('compute.queue.fair');
  const { queue, call, refusals } = openBench({ perPayer: 3, perOffer: 5, inAll: 7 });
  for (const _ of times(5)) void call({ payer: 'a', offer: 'x' });
  for (const _ of times(3)) void call({ payer: 'b', offer: 'x' });
  for (const _ of times(3)) void call({ payer: 'c', offer: 'y' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(queue.waiting, 7);
  assert.equal(refusals.length, 3, 'one of a, whose first runs; one of x; one in all');
  for (const { status, code, details, message } of refusals) {
    assert.deepEqual([status, code], [429, 'queue_full']);
    assert.match(message, /Nothing was charged\.$/);
    assert.ok(Number.isInteger(details?.['retryAfter']) && Number(details?.['retryAfter']) >= 1);
  }
});

test('what cannot have its turn in time is refused at once', async () => {
  verifies('compute.queue.fair');
  const { call, work, refusals } = openBench();
  for (const _ of times(100)) void call({ payer: 'a', offer: 'x' }, 100_000);
  await work(5_000);
  void call({ payer: 'a', offer: 'x', until: 5_050 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(refusals.length, 1);
  assert.match(String(refusals[0]?.message), /longer than it can wait/);
});

test('a payer whose runs fail loses his share, and gets it back when they do not', async () => {
  verifies('compute.queue.unpaid');
  const { call, work, shareOf, ran } = openBench({ unpaidUs: 1e12 });
  for (const _ of times(900)) {
    void call({ payer: 'hostile', offer: 'a' }, 1000, true);
    void call({ payer: 'honest', offer: 'a' });
  }
  await work(600);
  const ratio = shareOf('honest') / shareOf('hostile');
  assert.ok(ratio > 4, `${shareOf('honest')} : ${shareOf('hostile')} of ${ran.length}`);
});

test('only so much failing work is done for free, and more after a while', async () => {
  verifies('compute.queue.unpaid');
  const { call, work, refusals, ran, pass } = openBench({ unpaidUs: 5_000_000, unpaidReturn: 0.1 });
  for (const _ of times(12)) {
    await call({ payer: 'hostile', offer: 'a' }, 1_000_000, true);
    await work();
  }
  assert.ok(ran.length <= 7, `${ran.length} runs of a second each`);
  const [refusal] = refusals;
  assert.match(String(refusal?.message), /have failed/);
  await call({ payer: 'honest', offer: 'a' });
  assert.equal(ran.at(-1)?.payer, 'honest');
  await work();
  pass(Number(refusal?.details?.['retryAfter']) * 1000);
  const before = ran.length;
  await call({ payer: 'hostile', offer: 'a' }, 1000);
  assert.equal(ran.length, before + 1);
});

test('a payer has only so many under way until his payments have come to an end', async () => {
  const queue = openQueue({ slots: 10, limits: { underWay: 2 }, now: () => 0 });
  const turns = [await queue.enter({ payer: 'a', offer: 'x' }), await queue.enter({ payer: 'a', offer: 'x' })];
  let third = false;
  const waiting = queue.enter({ payer: 'a', offer: 'x' }).then((turn) => {
    third = true;
    return turn;
  });
  turns[0]?.done(1000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(third, false);
  turns[0]?.end();
  (await waiting).end();
  turns[1]?.end();
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
});

test('who goes away while he waits leaves the queue, and telling an end twice counts once', async () => {
  const queue = openQueue({ slots: 1, now: () => 0 });
  const turn = await queue.enter({ payer: 'a', offer: 'x' });
  const leaving = new AbortController();
  const refused = queue.enter({ payer: 'b', offer: 'x' }, leaving.signal);
  leaving.abort();
  await assert.rejects(refused, { code: 'cancelled' });
  assert.equal(queue.waiting, 0);
  turn.end();
  turn.end();
  turn.done(5);
  assert.equal(queue.running, 0);
  const next = await queue.enter({ payer: 'c', offer: 'x' });
  queue.close('The node is stopping.');
  next.end();
});
