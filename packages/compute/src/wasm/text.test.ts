import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { buildTextGuest } from '../testing/wasm/build-guest.ts';
import { encodeModule, i32, i64, type ModuleSource } from '../testing/wasm/encode-module.ts';
import { openTestPool, type TestPool } from '../testing/wasm/open-test-pool.ts';
import { inspectWasm } from './inspect.ts';

let tested: TestPool;
let guest: Uint8Array;
before(async () => {
  guest = await buildTextGuest('text');
  tested = await openTestPool({ size: 1 });
});
after(() => tested.close());

const declared = (text: string) => ({ id: 0, body: [12, ...Buffer.from(`freehold.abi${text}`)] });
const clock = { module: 'wasi_snapshot_preview1', name: 'clock_time_get', parameters: [i32, i64, i32], results: [i32] };

/** Room at 1024, and an `echo` that answers its argument in one of the three forms. */
const echoing = (form: 'packed' | 'pair' | 'zero'): ModuleSource => ({
  extra: [declared('echo(text: string): string\n')],
  memory: [1],
  functions: [
    { name: 'alloc', parameters: [i32], results: [i32], code: [0x41, 0x80, 0x08] },
    {
      name: 'echo',
      parameters: [i32, i32],
      ...{
        packed: { results: [i64], code: [0x20, 0, 0xad, 0x42, 32, 0x86, 0x20, 1, 0xad, 0x84] },
        pair: { results: [i32, i32], code: [0x20, 0, 0x20, 1] },
        zero: { results: [i32], code: [0x20, 0] },
      }[form],
    },
  ],
});

test('AssemblyScript functions take and return strings and bytes', async () => {
  verifies('compute.wasm.text');
  const call = async (name: string, ...args: string[]) => {
    const { stdout, results, reason, trap } = await tested.call(guest, name, args);
    assert.equal(reason, 'exit', trap);
    return results ?? stdout.toString();
  };
  assert.equal(await call('greet', 'Ada'), 'Hello, Ada!');
  assert.equal(await call('greet', 'naïve 𝄞 café'), 'Hello, naïve 𝄞 café!');
  assert.equal(await call('greet', ''), 'Hello, !');
  assert.equal(await call('join', 'a', 'b', '3'), 'ababab');
  assert.deepEqual(await call('length', 'twelve chars'), ['12']);
  assert.equal(await call('reverse', Buffer.from('abc').toString('base64')), 'cba');
  assert.equal(await call('rubbish', 'kept ', '20000'), 'kept 19999');
  assert.deepEqual(
    inspectWasm(guest).exports.filter(({ name }) => name === 'join'),
    [{ name: 'join', parameters: ['string', 'string', 'i32'], results: ['string'] }],
  );
});

test('other languages hand over a pointer and a length, and answer in one of three forms', async () => {
  verifies('compute.wasm.text');
  for (const form of ['packed', 'pair', 'zero'] as const) {
    const { stdout, trap } = await tested.call(encodeModule(echoing(form)), 'echo', ['ünïcode']);
    assert.equal(stdout.toString(), 'ünïcode', `${form}: ${trap}`);
  }
});

test('what a function returns is looked at before it is believed', async () => {
  verifies('compute.wasm.text');
  const lying = (code: number[]): ModuleSource => ({
    extra: [declared('lie(): string')],
    memory: [1],
    functions: [{ name: 'lie', results: [i64], code }],
  });
  const outside = await tested.call(encodeModule(lying([0x42, 0x7f])), 'lie');
  assert.deepEqual([outside.reason, outside.trap], ['trap', 'It gave a place for text that is outside its memory.']);
  const large = await tested.call(encodeModule(lying([0x42, 0x80, 0x80, 2])), 'lie', [], { outputBytes: 1000 });
  assert.deepEqual([large.reason, large.trap], ['output', 'It returned 32768 bytes; it may return 1000.']);
  const endless = {
    ...echoing('zero'),
    extra: [declared('echo(): string')],
    functions: [{ name: 'echo', results: [i32], code: [0x41, 0x7f] }],
  };
  assert.equal((await tested.call(encodeModule(endless), 'echo')).reason, 'trap');
  const noRoom = echoing('pair');
  const full = { ...noRoom, functions: noRoom.functions?.map((one) => (one.name === 'alloc' ? { ...one, code: [0x41, 0] } : one)) ?? [] };
  assert.equal((await tested.call(encodeModule(full), 'echo', ['text'])).reason, 'memory');
});

test('a declaration that does not fit is refused in words', () => {
  verifies('compute.wasm.text');
  const refusal = (source: ModuleSource) => inspectWasm(encodeModule(source)).reason ?? '';
  const functions = [{ name: 'f', parameters: [i32], results: [i32], code: [0x20, 0] }];
  const withSection = (text: string) => refusal({ memory: [1], functions, extra: [declared(text)] });
  assert.match(withSection('f(string): i32'), /takes text, but it exports no function that makes room/);
  assert.match(withSection('f(f64): i32'), /declared with \(f64\).*but it takes \(i32\)/);
  assert.match(withSection('f(i32)'), /declared to return nothing.*but it returns i32/);
  assert.match(withSection('g(i32): i32'), /declares "g", which it does not export/);
  assert.match(withSection('f(text): i32'), /the type "text" in "f"; known are/);
  assert.match(withSection('f = string'), /the line "f = string"; a line is written as greet\(string\): string/);
  assert.equal(withSection('f(i32): i32'), '');
  assert.match(refusal({ ...echoing('pair'), extra: [declared('echo(string): i64')] }), /declared to return i64/);
});

test('a reactor is made ready before its exports are called', async () => {
  verifies('compute.wasm.reactor');
  // `_initialize` writes 41 at 8; `answer` adds one to what is there.
  const reactor = encodeModule({
    imports: [clock],
    memory: [1],
    functions: [
      { name: '_initialize', code: [0x41, 8, 0x41, 41, 0x36, 2, 0] },
      { name: 'answer', results: [i32], code: [0x41, 8, 0x28, 2, 0, 0x41, 1, 0x6a] },
      { name: 'time', results: [i32], code: [0x41, 0, 0x42, 0, 0x41, 16, 0x10, 0] },
    ],
  });
  assert.equal(inspectWasm(reactor).kind, 'wasi-reactor');
  for (let call = 0; call < 3; call++)
    assert.deepEqual((await tested.call(reactor, 'answer')).results, ['42'], 'each call has a fresh instance');
  assert.deepEqual((await tested.call(reactor, 'time')).results, ['0']);
});
