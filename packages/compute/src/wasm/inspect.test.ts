import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeModule, f32, f64, i32, i64 } from '../testing/wasm/encode-module.ts';
import { inspectWasm, largestProgram } from './inspect.ts';

const add = encodeModule({ functions: [{ name: 'add', parameters: [i32, i32], results: [i32], code: [0x20, 0, 0x20, 1, 0x6a] }] });
const exit = { module: 'wasi_snapshot_preview1', name: 'proc_exit', parameters: [i32] };

test('a core module is described with the signatures of its functions', () => {
  assert.deepEqual(inspectWasm(add), {
    kind: 'core',
    imports: [],
    exports: [{ name: 'add', parameters: ['i32', 'i32'], results: ['i32'] }],
  });
  const mixed = encodeModule({
    imports: [exit],
    functions: [{ code: [] }, { name: 'f', parameters: [i64, f32], results: [f64, i32], code: [0] }],
  });
  assert.deepEqual(inspectWasm(mixed).exports, [{ name: 'f', parameters: ['i64', 'f32'], results: ['f64', 'i32'] }]);
});

test('WASI commands and reactors are told apart', () => {
  const command = inspectWasm(encodeModule({ imports: [exit], functions: [{ name: '_start', code: [] }] }));
  assert.equal(command.kind, 'wasi-command');
  assert.deepEqual(command.imports, [{ module: 'wasi_snapshot_preview1', name: 'proc_exit', kind: 'function' }]);
  assert.equal(inspectWasm(encodeModule({ imports: [exit], functions: [{ name: 'f', code: [] }] })).kind, 'wasi-reactor');
});

test('what cannot be run is refused with the reason', () => {
  const refusal = (bytes: Uint8Array) => {
    const { kind, reason } = inspectWasm(bytes);
    return `${kind}: ${reason}`;
  };
  const importing = (module: string, name: string) => encodeModule({ imports: [{ module, name }] });
  assert.match(refusal(importing('env', 'abort')), /invalid: .*the function "abort" from "env"/);
  assert.match(refusal(importing('wasi_unstable', 'fd_write')), /invalid: .*version before WASI preview 1/);
  assert.match(refusal(importing('wasi_snapshot_preview1', 'sock_open')), /invalid: .*"sock_open"/);
  assert.match(refusal(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 1, 2)), /invalid: .*ends unexpectedly/);
  assert.match(refusal(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)), /invalid: .*neither wasi:cli\/run nor/);
  assert.match(refusal(encodeModule({ tables: [[70_000]] })), /invalid: .*70000 elements/);
  assert.match(refusal(encodeModule({ tables: [[40_000], [40_000]] })), /invalid: .*80000 elements/);
  assert.match(refusal(encodeModule({ memory: [70_000] })), /invalid: .*4 GiB/);
  assert.match(refusal(encodeModule({ extra: [{ id: 13, body: [1, 0, 0] }] })), /invalid: .*exceptions/);
  assert.match(refusal(encodeModule({ extra: [{ id: 5, body: [1, 3, 1, 1] }] })), /invalid: .*shared or 64-bit memory/);
  assert.match(refusal(encodeModule({ extra: [{ id: 5, body: [1, 4, 1] }] })), /invalid: .*shared or 64-bit memory/);
  assert.match(refusal(encodeModule({ extra: [{ id: 5, body: [2, 0, 1, 0, 1] }] })), /invalid: .*2 memories/);
  assert.match(refusal(Uint8Array.from([...add, ...add.subarray(8)])), /invalid: .*out of order/);
  assert.match(refusal(Buffer.from('#!/bin/sh')), /invalid: .*magic/);
  assert.match(refusal(new Uint8Array(largestProgram + 1)), /invalid: .*at most/);
});

test('no bytes whatever make it throw', () => {
  let seed = 42;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const valid = encodeModule({
    imports: [exit],
    functions: [{ name: 'f', parameters: [i32], results: [i64], locals: [[2, f64]], code: [0] }],
    memory: [1, 2],
    tables: [[1, 10]],
  });
  const kinds = new Set<string>();
  for (let round = 0; round < 20_000; round++) {
    const bytes = round % 2 === 0 ? Uint8Array.from({ length: random(64) }, () => random(256)) : Uint8Array.from(valid);
    if (round % 2 === 0) bytes.set(valid.subarray(0, Math.min(bytes.length, 8 + random(3))));
    else for (let change = random(4); change >= 0; change--) bytes[random(bytes.length)] = random(256);
    const { kind, reason } = inspectWasm(bytes.subarray(0, random(8) === 0 ? random(bytes.length + 1) : bytes.length));
    assert.equal(reason !== undefined, kind === 'invalid');
    kinds.add(kind);
  }
  assert.ok(kinds.has('invalid') && kinds.has('wasi-reactor'));
});
