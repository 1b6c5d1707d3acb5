import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { verifies } from '../../../../../requirements/verifies.ts';
import { buildComponent } from '../../testing/wasm/build-component.ts';
import { openTestComponents, type TestComponents } from '../../testing/wasm/open-test-components.ts';
import { testLimits } from '../../testing/wasm/open-test-pool.ts';
import { inspectWasm } from '../inspect.ts';
import type { WasmLimits, WasmReason } from '../job.ts';

let tested: TestComponents;
let guest: Uint8Array;
before(async () => {
  [tested, guest] = await Promise.all([openTestComponents(), buildComponent('guest')]);
});
after(() => tested.close());

async function assertUnharmed() {
  assert.match((await tested.run(guest, ['hello'])).stdout.toString(), /^arguments guest,hello\n/);
}

/** A command around a core module; `core` has to export "run" with an i32 as result, 0 for success. */
const command = (core: string, more = ''): Promise<Uint8Array> =>
  parse(`(component
    ${more}
    (core module $m ${core})
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $out (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $out)))`);

test('no path leads out of what a component was given', async () => {
  verifies('compute.wasm.components.hostile');
  const { stdout, reason } = await tested.run(guest, ['escape']);
  assert.equal(reason, 'exit');
  const lines = stdout.toString().trimEnd().split('\n');
  assert.ok(lines.length >= 35);
  const allowed = /^(link up|link to link|link inside folder|loop) 0$/;
  for (const line of lines) assert.ok(allowed.test(line) || !line.endsWith(' 0'), line);
  await assertUnharmed();
});

test('loops, sleep, output, recursion and growth are stopped, each by its name', async () => {
  verifies('compute.wasm.components.hostile');
  const cases: [string, WasmReason, WasmLimits][] = [
    ['sleep', 'wall', { ...testLimits, wallMs: 500 }],
    ['loop', 'cpu', { ...testLimits, cpuMs: 300 }],
    ['spam', 'output', testLimits],
    ['recurse', 'trap', testLimits],
    ['trap', 'trap', testLimits],
    ['hoard', 'memory', testLimits],
  ];
  for (const [word, reason, limits] of cases) {
    const result = await tested.run(guest, [word], { limits });
    // What a host keeps for open folders is bounded by their number, which this guest may reach first.
    if (word === 'hoard' && result.reason === 'exit') continue;
    assert.equal(result.reason, reason, `${word}: ${result.trap}`);
    assert.ok(result.trap, word);
    if (reason === 'output') assert.equal(result.stdout.length, testLimits.outputBytes);
  }
  const grown = await tested.run(guest, ['grow']);
  assert.match(grown.stdout.toString(), /^pages 9\d\d\n$/);
  assert.ok(grown.maxRssBytes <= testLimits.memoryBytes);
  await assertUnharmed();
});

test('memories of several modules are bounded together, and tables each', async () => {
  verifies('compute.wasm.components.hostile');
  const large = await command('(memory 2000) (func (export "run") (result i32) i32.const 0)');
  const refused = await tested.run(large);
  assert.equal(refused.reason, 'memory');
  assert.match(refused.trap ?? '', /131072000 bytes of memory to start/);
  const half = '(core module $half (memory 600))';
  const twice = await command(
    '(memory 1) (func (export "run") (result i32) i32.const 0)',
    `${half} (core instance (instantiate $half)) (core instance (instantiate $half))`,
  );
  assert.equal((await tested.run(twice)).reason, 'memory');
  // A second memory gets what the first leaves: growing by 900 pages of 64 KiB fails beside 600 in use.
  const beside = await command(
    '(memory 1) (func (export "run") (result i32) (i32.ne (memory.grow (i32.const 900)) (i32.const -1)))',
    `${half} (core instance (instantiate $half))`,
  );
  const fits = await tested.run(beside);
  assert.deepEqual([fits.reason, fits.exitCode], ['exit', 0], fits.trap);
  const tables = await command('(table 10000000 funcref) (func (export "run") (result i32) i32.const 0)');
  assert.match((await tested.run(tables)).trap ?? '', /tables ask for 10000000 elements/);
  const many = await command(
    '(func (export "run") (result i32) i32.const 0)',
    `(core module $t (table 65000 funcref)) ${'(core instance (instantiate $t))'.repeat(2000)}`,
  );
  assert.ok(['memory', 'invalid', 'trap'].includes((await tested.run(many)).reason));
  await assertUnharmed();
});

test('what is in the start of a module, in threads or in exceptions is bounded or refused', async () => {
  verifies('compute.wasm.components.hostile');
  const start = await command('(func $s (loop (br 0))) (start $s) (func (export "run") (result i32) i32.const 0)');
  assert.equal((await tested.run(start, [], { limits: { ...testLimits, cpuMs: 300 } })).reason, 'cpu');
  const shared = await command('(memory 1 10 shared) (func (export "run") (result i32) i32.const 0)');
  assert.equal((await tested.run(shared)).reason, 'invalid');
  await assertUnharmed();
});

test('names that would be code if they were not quoted are refused before they meet jco', async () => {
  verifies('compute.wasm.components.hostile');
  // Imports and exports of core modules may have any name, and both are written into the JavaScript that jco makes.
  const named = (name: string) =>
    parse(`(component
      (core module $a (func (export "${name}") (result i32) i32.const 0))
      (core instance $a (instantiate $a))
      (core module $b (import "${name}" "${name}" (func $f (result i32))) (func (export "run") (result i32) call $f))
      (core instance $b (instantiate $b (with "${name}" (instance $a))))
      (func $run (result (result)) (canon lift (core func $b "run")))
      (instance $out (export "run" (func $run)))
      (export "wasi:cli/run@0.2.0" (instance $out)))`);
  for (const end of ["']", '\\22', '\\60', '\\5c', '\\0a', '\\e2\\80\\a8', '\\00']) {
    const bytes = await named(`${end};process.exit(7);//`);
    assert.match(inspectWasm(bytes).reason ?? '', /a module in it has the name "[^]*process\.exit.*", which is not accepted/);
    assert.match((await tested.run(bytes)).trap ?? '', /^It is malformed: a module in it has the name/);
  }
  const plain = await tested.run(await named('wasi:x/y@0.2.0#[method]a.b $ { } / * ä'));
  assert.deepEqual([plain.reason, plain.exitCode], ['exit', 0], plain.trap);
  await assertUnharmed();
});

test('what jco does not take is refused once, with its reason, and costs nobody else anything', async () => {
  verifies('compute.wasm.components.hostile');
  const garbage = Buffer.concat([Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), Buffer.alloc(5000, 0xff)]);
  for (const bytes of [garbage, guest.subarray(0, guest.length - 20)]) {
    let reads = 0;
    const program = { id: `broken-${bytes.length}`, read: () => (reads++, bytes) };
    for (let round = 0; round < 2; round++) {
      const { reason, trap } = await tested.run(bytes, [], { program });
      assert.equal(reason, 'invalid');
      assert.match(trap ?? '', /^(It is malformed|jco, which prepares components, does not take it): /);
    }
    assert.equal(reads, 1);
  }
  await assertUnharmed();
});
