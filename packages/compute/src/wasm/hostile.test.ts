import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { verifies } from '../../../../requirements/verifies.ts';
import { buildGuest } from '../testing/wasm/build-guest.ts';
import { encodeModule, i32 } from '../testing/wasm/encode-module.ts';
import { openTestPool, testLimits, type TestPool } from '../testing/wasm/open-test-pool.ts';
import type { WasmLimits, WasmReason } from './job.ts';

let tested: TestPool;
let guest: Uint8Array;
before(async () => {
  [tested, guest] = await Promise.all([openTestPool(), buildGuest('guest')]);
});
after(() => tested.close());

const answer = encodeModule({ functions: [{ name: 'answer', results: [i32], code: [0x41, 42] }] });
const loop = encodeModule({ functions: [{ name: 'run', code: [0x03, 0x40, 0x0c, 0, 0x0b] }] });
const exit = { module: 'wasi_snapshot_preview1', name: 'proc_exit', parameters: [i32] };

async function assertUnharmed() {
  assert.deepEqual((await tested.call(answer, 'answer')).results, ['42']);
}

async function lines(word: string): Promise<Record<string, number>> {
  const { reason, stdout } = await tested.command(guest, [word]);
  assert.equal(reason, 'exit');
  return Object.fromEntries(
    stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('no path leads out of the scratch folder', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const { 'link up': linkUp, 'link to link': linkToLink, 'link inside folder': inside, loop: ownLoop, ...attempts } = await lines('escape');
  assert.deepEqual([linkUp, linkToLink, inside, ownLoop], [0, 0, 0, 0], 'links may be made; following them is refused');
  assert.equal(Object.keys(attempts).length, 32);
  for (const [attempt, errno] of Object.entries(attempts)) assert.notEqual(errno, 0, attempt);
  assert.equal(attempts['through loop'], 32);
  await assertUnharmed();
});

test('there are no sockets, and pointers out of memory are errors', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  assert.deepEqual(await lines('sockets'), { accept: 57, recv: 57, send: 57, shutdown: 8 });
  assert.deepEqual(await lines('faults'), {
    'write beyond memory': 21,
    'buffer beyond memory': 21,
    'a billion vectors': 28,
    'random beyond memory': 21,
    'path beyond memory': 21,
    'poll a billion': 28,
  });
});

test('the scratch folder is bounded, in bytes and in names', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const { stdout } = await tested.command(guest, ['fill']);
  assert.match(stdout.toString(), /^full 51\nwritten 4128768\nfar away 0\nwrite far away 51\nroom again 0\nfolders bounded\n$/);
});

test('memory does not grow beyond the limit, and what was used is given back', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const { reason, stdout, maxRssBytes } = await tested.command(guest, ['grow']);
  assert.equal(reason, 'exit');
  assert.match(stdout.toString(), /^pages 9\d\d\n$/);
  assert.ok(maxRssBytes <= testLimits.memoryBytes);
  // memory.grow by 10 GiB worth of pages; then growing to the limit, touching all of it, again and again.
  const greedy = encodeModule({
    memory: [1],
    functions: [
      { name: 'ten', results: [i32], code: [0x41, 0x80, 0x80, 0x0a, 0x40, 0] },
      {
        name: 'touch',
        results: [i32],
        code: [0x41, 0xff, 0x3f, 0x40, 0, 0x1a, 0x41, 0, 0x41, 1, 0x41, 0x80, 0x80, 0x80, 0x80, 0x02, 0xfc, 0x0b, 0, 0x3f, 0],
      },
    ],
  });
  assert.deepEqual((await tested.call(greedy, 'ten')).results, ['-1']);
  for (let round = 0; round < 4; round++) {
    assert.deepEqual((await tested.call(greedy, 'touch', [], { memoryBytes: 512 << 20 })).results, ['8192']);
  }
});

test('a guest that makes its host process keep too much is stopped', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const { reason, trap } = await tested.command(guest, ['hoard']);
  assert.equal(reason, 'memory', trap);
  await assertUnharmed();
});

test('huge tables and memories are refused, and tables do not grow beyond the limit', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const empty = [{ name: 'run', code: [] }];
  const memory = await tested.call(encodeModule({ memory: [65_536], functions: empty }), 'run');
  assert.equal(memory.reason, 'memory');
  assert.match(memory.trap ?? '', /needs 4294967296 bytes of memory to start/);
  const table = await tested.call(encodeModule({ tables: [[10_000_000]], functions: empty }), 'run');
  assert.equal(table.reason, 'invalid');
  const growing = encodeModule({
    tables: [[1]],
    functions: [{ name: 'run', parameters: [i32], results: [i32], code: [0xd0, 0x70, 0x20, 0, 0xfc, 0x0f, 0] }],
  });
  assert.deepEqual((await tested.call(growing, 'run', ['10000000'])).results, ['-1']);
  assert.deepEqual((await tested.call(growing, 'run', ['1000'])).results, ['1']);
  await assertUnharmed();
});

test('endless loops, sleep, output and recursion are stopped, each by its name', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const patient = { ...testLimits, cpuMs: 200 };
  const cases: [string, WasmReason, WasmLimits][] = [
    ['sleep', 'wall', { ...testLimits, wallMs: 300 }],
    ['loop', 'cpu', patient],
    ['spam', 'output', testLimits],
    ['recurse', 'trap', testLimits],
    ['trap', 'trap', testLimits],
  ];
  for (const [word, reason, limits] of cases) {
    const result = await tested.command(guest, [word], { limits });
    assert.equal(result.reason, reason, `${word}: ${result.trap}`);
    assert.ok(result.trap, word);
    if (reason === 'output') assert.equal(result.stdout.length, testLimits.outputBytes);
  }
  const started = await tested.call(
    encodeModule({ functions: [{ name: '_initialize', code: [0x03, 0x40, 0x0c, 0, 0x0b] }] }),
    '_initialize',
    [],
    patient,
  );
  assert.equal(started.reason, 'cpu');
  await assertUnharmed();
});

test('a guest that catches its own end has still ended', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const caught = [0x06, 0x40, 0x41, 7, 0x10, 0, 0x19, 0x0b];
  const once = encodeModule({ imports: [exit], functions: [{ name: '_start', code: caught }] });
  const { reason, exitCode } = await tested.command(once, []);
  assert.deepEqual([reason, exitCode], ['exit', 7]);
  const forever = encodeModule({ imports: [exit], functions: [{ name: '_start', code: [0x03, 0x40, ...caught, 0x0c, 0, 0x0b] }] });
  assert.equal((await tested.command(forever, [], { limits: { ...testLimits, cpuMs: 200 } })).reason, 'cpu');
});

test('modules made to harm the compiler harm nobody', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const nested = Array.from({ length: 100_000 }, () => [0x02, 0x40]).flat();
  const blocks = encodeModule({ functions: [{ name: 'run', code: [...nested, ...Array.from({ length: 100_000 }, () => 0x0b)] }] });
  assert.equal((await tested.call(blocks, 'run')).reason, 'exit');
  const many = (length: number) => encodeModule({ functions: Array.from({ length }, () => ({ name: '', code: [] })) });
  assert.match((await tested.call(many(40_000), 'run')).trap ?? '', /40000 exports; at most 10000/);
  const hidden = Array.from({ length: 40_000 }, () => ({ code: [] }));
  assert.equal((await tested.call(encodeModule({ functions: [{ name: 'run', code: [] }, ...hidden] }), 'run')).reason, 'exit');
  const unbalanced = encodeModule({ functions: [{ name: 'run', code: [0x6a] }] });
  const invalid = await tested.call(unbalanced, 'run');
  assert.equal(invalid.reason, 'invalid');
  assert.match(invalid.trap ?? '', /not a WebAssembly module that can be run/);
  for (const bytes of [
    new Uint8Array(0),
    Buffer.from('garbage'),
    answer.subarray(0, answer.length - 1),
    new Uint8Array(100_000).fill(0xff),
  ]) {
    assert.equal((await tested.call(bytes, 'run')).reason, 'invalid');
  }
  const importing = await tested.call(
    encodeModule({ imports: [{ module: 'node:fs', name: 'readFileSync' }], functions: [{ name: 'run', code: [] }] }),
    'run',
  );
  assert.equal(importing.reason, 'invalid');
  assert.match(importing.trap ?? '', /"readFileSync" from "node:fs"/);
  await assertUnharmed();
});

test('when a process is killed from outside, its job says so and the pool recovers', async () => {
  verifies('foundation.sandbox.hostile-wasm');
  const job = tested.call(loop, 'run');
  await setTimeout(300);
  const hosts = hostProcesses();
  assert.equal(hosts.length, 3);
  for (const pid of hosts) process.kill(pid, 'SIGKILL');
  const { reason, trap } = await job;
  assert.equal(reason, 'killed');
  assert.match(trap ?? '', /ended from outside \(SIGKILL\)/);
  while (hostProcesses().some((pid) => hosts.includes(pid))) await setTimeout(10);
  await setTimeout(100);
  await assertUnharmed();
});

/** The host processes that this test process started. */
function hostProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return parent === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('registerHooks');
      } catch {
        return false;
      }
    });
}
