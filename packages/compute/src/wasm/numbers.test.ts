import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromResults, toArguments } from './numbers.ts';
import type { ValueType } from './parse.ts';

const read = (type: ValueType, text: string) => toArguments('f', { parameters: [type], results: [] }, [text])[0];

test('decimal text becomes the number its type asks for', () => {
  assert.equal(read('i32', '-2147483648'), -2_147_483_648);
  assert.equal(read('i32', '4294967295'), 4_294_967_295);
  assert.equal(read('i64', '18446744073709551615'), 18_446_744_073_709_551_615n);
  assert.equal(read('i64', '-9223372036854775808'), -9_223_372_036_854_775_808n);
  assert.equal(read('f64', ' 1.5e-3 '), 0.0015);
  assert.equal(read('f32', '-Infinity'), -Infinity);
  assert.ok(Number.isNaN(read('f64', 'NaN')));
});

test('what does not fit is refused in words', () => {
  for (const [type, text] of [
    ['i32', '4294967296'],
    ['i32', '1.5'],
    ['i32', ''],
    ['i32', '0x10'],
    ['i64', '18446744073709551616'],
    ['f64', 'one'],
    ['f64', ''],
  ] as const) {
    assert.throws(() => read(type, text), /Argument 1 of "f" must be a decimal number/);
  }
  assert.throws(
    () => toArguments('f', { parameters: ['i32', 'f64'], results: [] }, ['1']),
    /takes 2 arguments \(i32, f64\), but 1 were given/,
  );
  assert.throws(() => toArguments('f', { parameters: [], results: ['externref'] }, []), /something other than numbers/);
});

test('results are written in decimal', () => {
  assert.deepEqual(fromResults(undefined), []);
  assert.deepEqual(fromResults(-0), ['-0']);
  assert.deepEqual(fromResults([1n, 0.1]), ['1', '0.1']);
});
