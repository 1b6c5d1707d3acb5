import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { verifies } from '../../../../requirements/verifies.ts';
import { encodeFrame, type Frame } from '../host/frame.ts';
import { launchLocked, startHost } from '../host/process.ts';
import { openWatch } from '../host/watch.ts';
import { prepareRunner } from '../native/index.ts';
import { encodeModule, i32 } from '../testing/wasm/encode-module.ts';
import { openTestPool, testLimits, type TestPool } from '../testing/wasm/open-test-pool.ts';
import type { RunHead, WasmCall, WasmResult } from './job.ts';
import { wasmHost } from './prove.ts';
import { startWorker, type WasmWork } from './worker.ts';

/** Jobs of a program that is known to be quick are sent to a process that has not ended the one before. */
let tested: TestPool;
before(async () => {
  tested = await openTestPool();
});
after(() => tested.close());

const countDown = [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b];
const program = encodeModule({
  functions: [
    { name: 'add', parameters: [i32, i32], results: [i32], code: [0x20, 0, 0x20, 1, 0x6a] },
    { name: 'spin', parameters: [i32], code: countDown },
    { name: 'forever', code: [0x03, 0x40, 0x0c, 0, 0x0b] },
  ],
});
const patient = { ...testLimits, wallMs: 1000, cpuMs: 20_000 };

const add = async (index: number) => (await tested.call(program, 'add', [`${index}`, '1'])).results?.[0];

/** Until both processes have compiled it and it is known to be quick. */
async function warm() {
  for (let round = 0; round < 10; round++) await Promise.all([add(1), add(2)]);
}

/** Sends one job that does not end and, right behind it, twelve that do. */
function stuckAndQuick() {
  const settled: string[] = [];
  const stuck = tested.call(program, 'forever', [], patient).finally(() => settled.push('stuck'));
  const quick = Array.from({ length: 12 }, (_, index) =>
    add(index).then((sum) => {
      settled.push('quick');
      return sum;
    }),
  );
  return { settled, stuck, quick: Promise.all(quick) };
}
const sums = Array.from({ length: 12 }, (_, index) => `${index + 1}`);

test('jobs that stand behind one that does not end are given to another process', async () => {
  verifies('compute.wasm.ahead');
  await warm();
  const { settled, stuck, quick } = stuckAndQuick();
  assert.deepEqual(await quick, sums);
  assert.ok(!settled.includes('stuck'), 'they did not wait for it');
  const { reason, wallUs } = await stuck;
  assert.equal(reason, 'wall');
  assert.ok(wallUs >= 1_000_000);
});

test('when a process ends, only the job that had begun in it is lost', async () => {
  verifies('compute.wasm.ahead');
  await warm();
  const { stuck, quick } = stuckAndQuick();
  await turn();
  // Both are at something: one at the job that does not end, the other perhaps at one that does.
  for (const pid of readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim().split(' '))
    process.kill(Number(pid), 'SIGKILL');
  const { reason, trap } = await stuck;
  assert.deepEqual([reason, trap], ['killed', 'The process that ran it was ended from outside (SIGKILL).']);
  const results = await quick;
  assert.ok(results.filter((sum) => sum === undefined).length <= 1, 'besides, at most the one that the other process had begun');
  results.forEach((sum, index) => assert.ok(sum === undefined || sum === sums[index]));
});

test('a caller gives up a job that stands behind another, and one that runs', async () => {
  verifies('compute.wasm.ahead');
  await warm();
  const run = (name: string, args: string[], signal?: AbortSignal) =>
    tested.pool.run(
      { kind: 'call', program: { id: 'program-0', read: () => program }, name, args, limits: patient },
      signal ? { signal } : {},
    );
  const giveUp = new AbortController();
  const stuck = [run('forever', [], giveUp.signal), run('forever', [], giveUp.signal)];
  const behind = Array.from({ length: 6 }, () => run('add', ['1', '1'], giveUp.signal));
  giveUp.abort();
  for (const { reason, trap } of await Promise.all([...stuck, ...behind]))
    assert.deepEqual([reason, trap], ['killed', 'The caller gave up.']);
  assert.equal(await add(41), '42');
});

test('a host that says of what it has begun that it has not is ended, and the job with it', async () => {
  verifies('compute.wasm.ahead');
  const rogue = `
    const channel = new (require('node:net').Socket)({ fd: 3 });
    channel.write(Buffer.from('${encodeFrame('ready', { processCpuMs: 0 }).toString('hex')}', 'hex'));
    channel.on('data', (bytes) => bytes.includes('"kind":"call"') && channel.write(Buffer.from('${encodeFrame('late', { id: 1 }).toString('hex')}', 'hex')));`;
  const returned: WasmWork[] = [];
  const worker = startWorker({
    launch: ({ program, stdio }) => spawn(program, ['--eval', rogue], { stdio }),
    log: () => undefined,
    watch: openWatch(() => undefined),
    onTurn: () => undefined,
    onReturn: (works) => void returned.push(...works),
    took: () => undefined,
  });
  await worker.ready;
  const { promise, resolve, reject } = Promise.withResolvers<WasmResult>();
  const job: WasmCall = { kind: 'call', program: { id: 'it', read: () => program }, name: 'add', args: ['1', '1'], limits: testLimits };
  worker.run({ call: { job, usualUs: 10 }, signal: undefined, settled: promise, resolve, reject });
  assert.equal((await promise).reason, 'killed');
  assert.match((await worker.ended).said, /did not begin a job that was to begin at once/);
  assert.deepEqual(returned, []);
});

test('when the engine is stopped, all that were sent ahead are answered', async () => {
  verifies('compute.wasm.ahead');
  const single = await openTestPool({ size: 1 });
  const once = () => single.call(program, 'add', ['1', '1'], patient).then(({ reason }) => reason);
  for (let round = 0; round < 10; round++) await once();
  const calls = [single.call(program, 'forever', [], patient).then(({ reason }) => reason), ...Array.from({ length: 6 }, once)];
  const stopped = single.close();
  const ends = await Promise.allSettled(calls);
  await stopped;
  assert.deepEqual(ends[0], { status: 'fulfilled', value: 'killed' });
  for (const end of ends.slice(1)) assert.match(String(end.status === 'rejected' && end.reason), /engine was stopped/);
});

test('a host begins no job whose time to begin is over, and says so', async () => {
  verifies('compute.wasm.ahead');
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'freehold-ahead-'));
  const runner = await prepareRunner({ cacheDirectory, log: () => undefined });
  assert.ok('path' in runner);
  const frames: Pick<Frame, 'kind' | 'head'>[] = [];
  const done = Promise.withResolvers<void>();
  const host = startHost({
    launch: launchLocked(runner),
    program: wasmHost,
    mode: 'serve',
    parameter: '100000',
    limit: 100_000,
    onFrame({ kind, head }) {
      if (kind === 'ready') begin();
      if (kind === 'need') host.send('program', null, [program]);
      if (kind === 'result' || kind === 'late') frames.push({ kind, head });
      if (frames.length === 4) done.resolve();
    },
  });
  const job = (id: number, name: string, args: string[], before?: number): RunHead => ({
    id,
    ...(before !== undefined && { before }),
    kind: 'call',
    program: 'it',
    name,
    args,
    env: [],
    limits: { memoryBytes: 1 << 20, outputBytes: 1000, scratchBytes: 0 },
  });
  const now = Number(process.hrtime.bigint());
  function begin() {
    host.send('run', job(1, 'spin', ['100000000']));
    host.send('run', job(2, 'add', ['1', '1'], now + 1e6));
    host.send('run', job(3, 'add', ['1', '2'], now + 60e9));
    host.send('run', job(4, 'add', ['1', '3']));
  }
  await Promise.race([done.promise, host.ended]);
  host.kill();
  await host.ended;
  await rm(cacheDirectory, { recursive: true });
  const results = frames.map(({ kind, head }) => [kind, ...idAndResults(head)]);
  assert.deepEqual(results, [
    ['result', 1, []],
    ['late', 2, undefined],
    ['result', 3, ['3']],
    ['result', 4, ['4']],
  ]);
});

const idAndResults = (head: unknown) => {
  const { id, results } = head as { id: number; results?: WasmResult['results'] };
  return [id, results];
};
