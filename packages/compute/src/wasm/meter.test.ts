import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { buildGuest } from '../testing/wasm/build-guest.ts';
import { encodeModule, i32, i64, type ModuleSource } from '../testing/wasm/encode-module.ts';
import { openTestPool, testLimits, type TestPool } from '../testing/wasm/open-test-pool.ts';
import { compileProgram } from './program.ts';

let tested: TestPool;
let guest: Uint8Array;
before(async () => {
  [tested, guest] = await Promise.all([openTestPool(), buildGuest('guest')]);
});
after(() => tested.close());

const exit = { module: 'wasi_snapshot_preview1', name: 'proc_exit', parameters: [i32] };
const clock = { module: 'wasi_snapshot_preview1', name: 'clock_time_get', parameters: [i32, i64, i32], results: [i32] };
const plenty = 1_000_000_000;

const metered = (source: ModuleSource | Uint8Array, name: string, args: string[] = [], fuel = plenty) =>
  tested.call(source instanceof Uint8Array ? source : encodeModule(source), name, args, { fuel });

// n is the first parameter; the loop runs n times: i32.const 1, local.get, i32.sub…
const countdown = [0x02, 0x40, 0x20, 0, 0x45, 0x0d, 0, 0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b];

test('each instruction counts one, and those that only mark a place count nothing', async () => {
  verifies('compute.wasm.fuel');
  const add = { functions: [{ name: 'add', parameters: [i32, i32], results: [i32], code: [0x20, 0, 0x20, 1, 0x6a] }] };
  assert.deepEqual((await metered(add, 'add', ['2', '3'])).results, ['5']);
  assert.equal((await metered(add, 'add', ['2', '3'])).fuel, 3);
  const loop = { functions: [{ name: 'run', parameters: [i32], code: countdown }] };
  assert.equal((await metered(loop, 'run', ['1000'])).fuel, 3 + 5 * 1000);
  assert.equal((await metered(loop, 'run', ['0'])).fuel, 3);
  const choose = [0x20, 0, 0x04, i32, 0x41, 1, 0x05, 0x41, 2, 0x41, 0, 0x6a, 0x0b];
  const branch = { functions: [{ name: 'run', parameters: [i32], results: [i32], code: choose }] };
  assert.deepEqual([(await metered(branch, 'run', ['1'])).fuel, (await metered(branch, 'run', ['0'])).fuel], [3, 5]);
  assert.equal((await tested.call(encodeModule(add), 'add', ['2', '3'])).fuel, undefined, 'not counted unless asked for');
});

test('a limit is kept to by one unit, and the same number comes out every time and in every process', async () => {
  verifies('compute.wasm.fuel');
  const fixed = { fixedTime: 1_700_000_000_000, seed: new Uint8Array(32).fill(7), stdin: Buffer.from('in'), env: { A: 'b' } };
  const run = (word: string, fuel: number) => tested.command(guest, [word], { ...fixed, limits: { ...testLimits, fuel } });
  for (const word of ['hello', 'files', 'time']) {
    const results = await Promise.all(Array.from({ length: 6 }, () => run(word, plenty)));
    const [{ fuel = 0, stdout }] = [await run(word, plenty)];
    assert.ok(fuel > 1000, word);
    for (const result of results) assert.deepEqual([result.fuel, result.reason, result.stdout], [fuel, 'exit', stdout], word);
    assert.equal((await run(word, fuel)).reason, 'exit');
    const short = await run(word, fuel - 1);
    assert.deepEqual([short.reason, short.fuel], ['fuel', fuel - 1], word);
    assert.match(short.trap ?? '', /more than the \d+ instructions/);
  }
  const plain = await tested.command(guest, ['files'], fixed);
  assert.deepEqual((await run('files', plenty)).stdout, plain.stdout, 'counting changes nothing that a program does');
});

test('whatever repeats is paid for', async () => {
  verifies('compute.wasm.fuel');
  const zero = [0x41, 0];
  const length = [0x41, 0x80, 0x80, 0xc0, 0x00];
  const forever = (code: number[]) => [0x03, 0x40, ...code, 0x0c, 0, 0x0b];
  const repeat = (code: number[]) => Array.from({ length: 4000 }, () => code).flat();
  const cases: Record<string, ModuleSource> = {
    loop: { functions: [{ name: 'run', code: forever([]) }] },
    'nested loops': { functions: [{ name: 'run', code: [0x03, 0x40, 0x03, 0x40, 0x0c, 1, 0x0b, 0x0b] }] },
    'loop by condition': { functions: [{ name: 'run', code: [0x03, 0x40, 0x41, 1, 0x0d, 0, 0x0b] }] },
    'loop by table': { functions: [{ name: 'run', code: [0x03, 0x40, ...zero, 0x0e, 1, 0, 0, 0x0b] }] },
    recursion: { functions: [{ name: 'run', code: [0x10, 0, 0x10, 0, 0x10, 0] }] },
    'tail calls': { functions: [{ name: 'run', code: [0x12, 0] }] },
    start: { functions: [{ name: 'run', code: [] }, { code: forever([]) }], start: 1 },
    initialize: {
      functions: [
        { name: '_initialize', code: forever([]) },
        { name: 'run', code: [] },
      ],
    },
    // No loop, but gigabytes of work.
    fill: { memory: [16], functions: [{ name: 'run', code: repeat([...zero, ...zero, ...length, 0xfc, 11, 0]) }] },
    copy: { memory: [16], functions: [{ name: 'run', code: repeat([...zero, ...zero, ...length, 0xfc, 10, 0, 0]) }] },
    'table fill': {
      tables: [[50_000]],
      functions: [{ name: 'run', code: repeat([...zero, 0xd0, 0x70, 0x41, 0xd0, 0x86, 3, 0xfc, 17, 0]) }],
    },
  };
  for (const [name, source] of Object.entries(cases)) {
    const { reason, fuel, cpuUs, trap } = await metered(source, 'run', [], 1_000_000);
    assert.equal(reason === 'trap' ? trap : reason, name === 'recursion' ? 'stack overflow' : 'fuel', `${name}: ${trap}`);
    if (reason === 'fuel') assert.equal(fuel, 1_000_000, name);
    assert.ok(cpuUs < 2_000_000, name);
  }
  assert.equal((await metered(cases['recursion'] ?? {}, 'run', [], 1000)).reason, 'fuel');
});

test('a program can neither see nor fill what it burns', async () => {
  verifies('compute.wasm.fuel');
  const reach = (code: number[]) => encodeModule({ functions: [{ name: 'run', code: [...code] }] });
  const fillUp = await metered(reach([0x42, 0xff, 0xff, 0xff, 0, 0x24, 0]), 'run');
  assert.deepEqual([fillUp.reason, /global 0, which does not exist/.test(fillUp.trap ?? '')], ['invalid', true]);
  const look = await metered(reach([0x23, 0, 0x1a]), 'run');
  assert.equal(look.reason, 'invalid');
  const local = await metered(reach([0x20, 0, 0x1a]), 'run');
  assert.match(local.trap ?? '', /local 0, which does not exist/);
  // Ended at its own wish, but not before it had used more than it may.
  const spent = { imports: [exit], functions: [{ name: '_start', code: [...Array.from({ length: 50 }, () => 0x01), 0x41, 0, 0x10, 0] }] };
  const command = await tested.command(encodeModule(spent), [], { limits: { ...testLimits, fuel: 1 } });
  assert.equal(command.reason, 'fuel');
  const names = encodeModule({ functions: [{ name: 'freehold fuel', results: [i32], code: [0x41, 7] }] });
  assert.deepEqual((await metered(names, 'freehold fuel')).results, ['7']);
});

test('where instructions are counted, a deterministic program’s clock counts them', async () => {
  verifies('compute.wasm.fuel');
  const read = [0x41, 1, 0x42, 0, 0x41, 8, 0x10, 0, 0x1a];
  const elapsed = [...read, 0x20, 0, 0x04, 0x40, ...Array.from({ length: 100 }, () => [0x41, 0, 0x1a]).flat(), 0x0b, ...read];
  const module = encodeModule({
    imports: [clock],
    memory: [1],
    functions: [{ name: 'run', parameters: [i32], results: [i64], code: [...elapsed, 0x41, 8, 0x29, 3, 0] }],
  });
  const at = async (flag: string) => {
    const job = { kind: 'call' as const, program: { id: 'clock', read: () => module }, name: 'run', args: [flag] };
    return Number((await tested.pool.run({ ...job, fixedTime: 0, limits: { ...testLimits, fuel: plenty } })).results?.[0]);
  };
  assert.equal((await at('1')) - (await at('0')), 200);
});

test('what cannot be counted alike everywhere is refused when counting is asked for', () => {
  verifies('compute.wasm.fuel');
  const refused = (code: number[], reason: RegExp) =>
    assert.throws(() => compileProgram(encodeModule({ memory: [1], functions: [{ name: 'run', code }] }), { isMetered: true }), reason);
  refused([0x06, 0x40, 0x0b], /0x6, which cannot be metered/);
  refused([0xfe, 0x03, 0x00], /0xfe, which cannot be metered/);
  refused([0xfb, 0x00, 0x00], /0xfb, which cannot be metered/);
  refused([0xfd, 0x80, 0x02], /relaxed vector instructions/);
  refused([0x41, 0, 0x28, 0x42, 0, 0, 0x1a], /several memories/);
});
