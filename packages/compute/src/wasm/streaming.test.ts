import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { buildGuest } from '../testing/wasm/build-guest.ts';
import { openTestPool, testLimits, type TestPool } from '../testing/wasm/open-test-pool.ts';

let tested: TestPool;
let guest: Uint8Array;

before(async () => {
  guest = await buildGuest('streams');
  tested = await openTestPool();
  await tested.command(guest, ['once']);
});
after(() => tested.close());

/** What came before the result, and after how many milliseconds. */
async function stream(how: string, more: Parameters<TestPool['command']>[2] = {}) {
  const pieces: { text: string; ms: number }[] = [];
  const started = performance.now();
  const result = await tested.command(guest, [how], {
    onStdout: (chunk) => void pieces.push({ text: chunk.toString(), ms: performance.now() - started }),
    ...more,
  });
  return { pieces, result, ms: performance.now() - started };
}

test('what a WASI program writes goes out when it pauses, and when it writes again after a while', async () => {
  verifies('compute.cgi.streaming');
  const paused = await stream('pause');
  assert.deepEqual(
    paused.pieces.map(({ text }) => text),
    ['Content-Type: text/plain\n\nfirst\n', 'last\n'].slice(0, paused.pieces.length),
  );
  assert.equal(
    paused.pieces.map(({ text }) => text).join('') + paused.result.stdout.toString(),
    'Content-Type: text/plain\n\nfirst\nlast\n',
  );
  assert.ok((paused.pieces[0]?.ms ?? Infinity) < paused.ms - 200, JSON.stringify(paused));
  const worked = await stream('work');
  assert.match(worked.pieces[0]?.text ?? '', /first\nthen\n$/);
  assert.ok((worked.pieces[0]?.ms ?? Infinity) < worked.ms - 200);
});

test('one that ends at once has its output in one piece, with the result', async () => {
  const { pieces, result } = await stream('once');
  assert.deepEqual(pieces, []);
  assert.equal(result.stdout.toString(), 'Content-Type: text/plain\n\nhello\n');
});

test('all of a stream together is within the limit, and who takes it slowly holds the program back until its time is up', async () => {
  verifies('compute.cgi.streaming');
  const flood = await stream('flood', { limits: { ...testLimits, outputBytes: 1_000_000 } });
  assert.equal(flood.result.reason, 'output');
  const size = flood.pieces.reduce((sum, { text }) => sum + text.length, flood.result.stdout.length);
  assert.ok(size <= 1_000_000 && size > 900_000, `${size} bytes`);
  let taken = 0;
  const slow = await stream('flood', {
    limits: { ...testLimits, wallMs: 500, outputBytes: 32 << 20 },
    onStdout: async (chunk) => {
      taken += chunk.length;
      await new Promise((wake) => setTimeout(wake, 200));
    },
  });
  assert.equal(slow.result.reason, 'wall');
  assert.ok(taken < 1_000_000, `${taken} bytes were taken`);
  assert.equal((await tested.command(guest, ['once'])).reason, 'exit');
});

test('one whose output cannot be taken is stopped, and the error is told', async () => {
  await assert.rejects(
    tested.command(guest, ['flood'], { onStdout: () => Promise.reject(new Error('nobody is there')) }),
    /nobody is there/,
  );
  assert.equal((await tested.command(guest, ['once'])).reason, 'exit');
});
