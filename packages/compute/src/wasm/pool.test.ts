import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildGuest } from '../testing/wasm/build-guest.ts';
import { encodeModule, f64, i32, i64 } from '../testing/wasm/encode-module.ts';
import { openTestPool, testLimits, type TestPool } from '../testing/wasm/open-test-pool.ts';

let tested: TestPool;
let guest: Uint8Array;
before(async () => {
  [tested, guest] = await Promise.all([openTestPool(), buildGuest('guest')]);
});
after(() => tested.close());

const binary = (name: string, type: number, opcode: number) => ({
  name,
  parameters: [type, type],
  results: [type],
  code: [0x20, 0, 0x20, 1, opcode],
});
const calculator = encodeModule({
  functions: [
    binary('add', i32, 0x6a),
    binary('subtract', i32, 0x6b),
    binary('multiply', i64, 0x7e),
    binary('divide', i32, 0x6d),
    binary('ratio', f64, 0xa3),
    { name: 'both', results: [i32, f64], code: [0x41, 7, 0x44, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f] },
  ],
});

test('exported functions are called with decimal numbers', async () => {
  const call = async (name: string, ...args: string[]) => (await tested.call(calculator, name, args)).results;
  assert.deepEqual(await call('add', '40', '2'), ['42']);
  assert.deepEqual(await call('subtract', '2', '44'), ['-42']);
  assert.deepEqual(await call('multiply', '3037000500', '3037000500'), ['-9223372036709301616']);
  assert.deepEqual(await call('divide', '-7', '2'), ['-3']);
  assert.deepEqual(await call('ratio', '1', '3'), ['0.3333333333333333']);
  assert.deepEqual(await call('both'), ['7', '0.5']);
});

test('calls that cannot be made say why', async () => {
  const unknown = await tested.call(calculator, 'power', ['1']);
  assert.equal(unknown.reason, 'invalid');
  assert.match(unknown.trap ?? '', /no function "power".*add, subtract/);
  const few = await tested.call(calculator, 'add', ['1']);
  assert.match(few.trap ?? '', /takes 2 arguments/);
  const zero = await tested.call(calculator, 'divide', ['1', '0']);
  assert.deepEqual([zero.reason, zero.trap], ['trap', 'divide by zero']);
  const noCommand = await tested.command(calculator, []);
  assert.match(noCommand.trap ?? '', /no function "_start"/);
});

test('a WASI command gets its arguments, environment and input, and gives its output', async () => {
  const { reason, exitCode, stdout, stderr, cpuUs, wallUs } = await tested.command(guest, ['hello', 'ä'], {
    env: { GREETING: 'hi', EMPTY: '' },
    stdin: Buffer.from('from stdin'),
  });
  assert.deepEqual([reason, exitCode], ['exit', 0]);
  assert.equal(stdout.toString(), 'arguments guest,hello,ä\nenvironment GREETING=hi,EMPTY=\ninput from stdin\n');
  assert.equal(stderr.toString(), 'to stderr');
  assert.ok(cpuUs > 0 && wallUs > 0);
  assert.equal((await tested.command(guest, ['exit'])).exitCode, 42);
});

test('files, folders and links work in the scratch folder', async () => {
  const { stdout } = await tested.command(guest, ['files']);
  assert.deepEqual(stdout.toString().trim().split('\n'), [
    'mkdir 0',
    'mkdir again 20',
    'put 0',
    'get first',
    'rename 0',
    'gone error 44',
    'moved first',
    'symlink 0',
    'readlink a/two.txt',
    'through link first',
    'not followed error 32',
    'hard link 0',
    'stat 0',
    'links 2 size 5',
    'both names first and more',
    'listed 43 43',
    'root .,..,a,s,h',
    'rmdir full 55',
    'rmdir file 54',
    'unlink folder 31',
    'unlink 0',
    'into itself 28',
    'open folder for writing 31',
    'open folder for reading 0',
    'exclusive 20',
    'file as folder 54',
    'trailing slash 54',
    'write after unlink 0',
  ]);
});

test('with fixed time and a seed every run is the same; without, it is not', async () => {
  const fixed = { fixedTime: 1_700_000_000_000, seed: new Uint8Array(32).fill(7) };
  const [first, second, real] = await Promise.all([
    tested.command(guest, ['time'], fixed),
    tested.command(guest, ['time'], fixed),
    tested.command(guest, ['time']),
  ]);
  assert.match(first.stdout.toString(), /^realtime 1700000000000\d{6}\nsleep 0\nslept\nrandom [0-9a-f]{32}\n$/);
  assert.deepEqual(second.stdout, first.stdout);
  assert.match(real.stdout.toString(), /^realtime \d{19}\nsleep 0\nslept\n/);
  assert.notDeepEqual(real.stdout, first.stdout);
  assert.ok(real.wallUs >= 30_000);
});

test('a job sees nothing of the one before it in the same process', async () => {
  const single = await openTestPool({ size: 1 });
  try {
    // Both of its processes get the first job, so the second follows it wherever it lands.
    for (let round = 0; round < 3; round++) assert.equal((await single.command(guest, ['leave'])).stdout.toString(), 'left\n');
    for (let round = 0; round < 3; round++) {
      assert.equal((await single.command(guest, ['look'])).stdout.toString(), 'dirty 0\nsecret error 44\nroot .,..\n');
    }
  } finally {
    await single.close();
  }
});

test('jobs beyond the size wait; a caller that gives up ends its job only', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, (_, index) => tested.call(calculator, 'add', [`${index}`, '1'])));
  assert.deepEqual(
    results.map(({ results }) => results?.[0]),
    Array.from({ length: 20 }, (_, index) => `${index + 1}`),
  );
  const given = await tested.pool.run(
    { kind: 'command', program: { id: 'sleeper', read: () => guest }, args: ['guest', 'sleep'], env: {}, limits: testLimits },
    { signal: AbortSignal.timeout(300) },
  );
  assert.deepEqual([given.reason, given.trap], ['killed', 'The caller gave up.']);
  assert.deepEqual((await tested.call(calculator, 'add', ['1', '1'])).results, ['2']);
});

test('a caller may give up before its turn', async () => {
  const sleep = () => tested.command(guest, ['sleep'], { limits: { ...testLimits, wallMs: 400 } });
  const busy = [sleep(), sleep()];
  const job = { kind: 'call' as const, program: { id: 'never', read: () => assert.fail() }, name: 'add', args: [], limits: testLimits };
  const given = await tested.pool.run(job, { signal: AbortSignal.timeout(50) });
  assert.deepEqual([given.reason, given.wallUs], ['killed', 0]);
  assert.equal((await tested.pool.run(job, { signal: AbortSignal.abort() })).reason, 'killed');
  assert.deepEqual(
    (await Promise.all(busy)).map(({ reason }) => reason),
    ['wall', 'wall'],
  );
});

test('a program that cannot be read fails its job and nothing else', async () => {
  const lost = { id: 'lost', read: () => Promise.reject(new Error('disk error')) };
  await assert.rejects(tested.pool.run({ kind: 'call', name: 'add', args: ['1', '1'], limits: testLimits, program: lost }), /disk error/);
  assert.deepEqual((await tested.call(calculator, 'add', ['1', '1'])).results, ['2']);
});
