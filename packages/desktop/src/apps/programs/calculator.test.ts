import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, cleared, keyOf, press, shown, type Calculator, type Key, type Question } from './calculator.ts';

/** Presses keys; the questions are answered as the module would. */
function type(keys: string): { state: Calculator; asked: string[] } {
  let state = cleared;
  const asked: string[] = [];
  for (const key of keys) {
    const pressed = press(state, keyOf(key) ?? (key as Key));
    state = pressed.state;
    if (!pressed.ask) continue;
    asked.push(`${pressed.ask.left} ${pressed.ask.operator} ${pressed.ask.right}`);
    state = answered(pressed.ask, String(compute(pressed.ask)));
  }
  return { state, asked };
}
function compute({ left, operator, right }: Question): number {
  const [a, b] = [Number(left), Number(right)];
  return { '+': a + b, '−': a - b, '×': a * b, '÷': a / b }[operator];
}

test('what is typed is asked as one computes by hand, from left to right', () => {
  assert.deepEqual(type('5+3=').asked, ['5 + 3']);
  assert.equal(type('5+3=').state.value, '8');
  assert.deepEqual(type('1.5*4-2=').asked, ['1.5 × 4', '6 − 2']);
  assert.deepEqual(type('6/3=4').asked, ['6 ÷ 3']);
  assert.equal(type('6/3=4').state.value, '4');
  assert.deepEqual(type('5+-3=').asked, ['5 − 3']);
  assert.deepEqual(type('=7=').asked, []);
  assert.equal(type('0007..5').state.value, '7.5');
  assert.equal(type('1234567890123456789').state.value, '123456789012345');
  assert.deepEqual(press(type('12').state, 'back').state.value, '1');
  assert.deepEqual(press(press(type('12').state, 'sign').state, 'back').state.value, '-1');
  assert.deepEqual(press(type('5+3').state, 'clear').state, cleared);
});

test('results are shown with twelve digits, and what is no number in words', () => {
  assert.equal(shown(String(0.1 + 0.2)), '0.3');
  assert.equal(shown(String(5 / 3)), '1.66666666667');
  assert.equal(shown('-4'), '−4');
  assert.equal(shown('12.'), '12.');
  assert.equal(shown('Infinity'), '∞');
  assert.equal(shown('NaN'), 'Not a number');
});
