import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dragEdge, snapAt } from './edges.ts';
import { nudge } from './keys.ts';
import { boundsOf, fit, focusedId, initialWindows, reduceWindows, smallest, type WindowAction, type WindowsState } from './reducer.ts';

const area = { width: 1200, height: 800 };
const open = (title: string): WindowAction => ({ type: 'open', title, content: { app: 'functions' }, size: { width: 600, height: 400 } });
const after = (...actions: WindowAction[]): WindowsState => actions.reduce(reduceWindows, { ...initialWindows, area });
const find = (state: WindowsState, id: string) => {
  const found = state.windows.find((item) => item.id === id);
  assert.ok(found);
  return found;
};

test('a new window is in front, inside the area, and not on top of the one before', () => {
  const state = after(open('one'), open('two'));
  assert.equal(focusedId(state), 'w2');
  const [first, second] = state.windows.map(({ bounds }) => bounds);
  assert.notDeepEqual(first, second);
  for (const bounds of [first, second]) assert.deepEqual(bounds, bounds && fit(bounds, area));
});

test('twenty windows all stay within reach', () => {
  const state = after(...Array.from({ length: 20 }, (_, index) => open(`window ${index}`)));
  for (const { bounds } of state.windows) assert.ok(bounds.x + bounds.width <= area.width && bounds.y + bounds.height <= area.height);
});

test('focus raises a window and leaves the order of the taskbar alone', () => {
  const state = after(open('one'), open('two'), open('three'), { type: 'focus', id: 'w1' });
  assert.deepEqual(state.stack, ['w2', 'w3', 'w1']);
  assert.deepEqual(
    state.windows.map(({ id }) => id),
    ['w1', 'w2', 'w3'],
  );
});

test('minimising or closing gives the attention to the next window below', () => {
  const minimised = after(open('one'), open('two'), { type: 'minimise', id: 'w2' });
  assert.equal(focusedId(minimised), 'w1');
  assert.equal(focusedId(reduceWindows(minimised, { type: 'focus', id: 'w2' })), 'w2');
  assert.equal(focusedId(after(open('one'), open('two'), { type: 'close', id: 'w2' })), 'w1');
  assert.equal(focusedId(after(open('one'), { type: 'close', id: 'w1' })), undefined);
});

test('a window that was maximised or snapped goes back to where it was', () => {
  const before = after(open('one'));
  const { bounds } = find(before, 'w1');
  const maximised = reduceWindows(before, { type: 'place', id: 'w1', placement: 'maximised' });
  assert.deepEqual(boundsOf(find(maximised, 'w1'), area), { x: 0, y: 0, ...area });
  const left = reduceWindows(maximised, { type: 'place', id: 'w1', placement: 'left' });
  assert.deepEqual(boundsOf(find(left, 'w1'), area), { x: 0, y: 0, width: 600, height: 800 });
  const free = reduceWindows(left, { type: 'place', id: 'w1', placement: 'free' });
  assert.deepEqual(boundsOf(find(free, 'w1'), area), bounds);
});

test('the two halves fill an area of odd width without a gap', () => {
  const odd = { width: 1201, height: 800 };
  const bounds = { x: 0, y: 0, width: 400, height: 300 };
  const left = boundsOf({ bounds, placement: 'left' }, odd);
  const right = boundsOf({ bounds, placement: 'right' }, odd);
  assert.equal(left.width, right.x);
  assert.equal(right.x + right.width, odd.width);
});

test('no window can be lost outside the area or made too small to use', () => {
  const state = after(open('one'), { type: 'setBounds', id: 'w1', bounds: { x: 9000, y: -500, width: 10, height: 10 } });
  const { bounds } = find(state, 'w1');
  assert.ok(bounds.x < area.width && bounds.y === 0);
  assert.deepEqual({ width: bounds.width, height: bounds.height }, smallest);
  const shrunk = reduceWindows(state, { type: 'setArea', area: { width: 700, height: 500 } });
  assert.ok(find(shrunk, 'w1').bounds.x < 700);
});

test('moving a snapped window makes it free', () => {
  const state = after(
    open('one'),
    { type: 'place', id: 'w1', placement: 'left' },
    { type: 'setBounds', id: 'w1', bounds: { x: 10, y: 20, width: 500, height: 300 } },
  );
  assert.equal(find(state, 'w1').placement, 'free');
});

test('dragging an edge leaves the opposite edge where it is, also at the smallest size', () => {
  const bounds = { x: 100, y: 100, width: 500, height: 400 };
  assert.deepEqual(dragEdge(bounds, 'se', 50, 20), { x: 100, y: 100, width: 550, height: 420 });
  assert.deepEqual(dragEdge(bounds, 'w', 30, 0), { x: 130, y: 100, width: 470, height: 400 });
  const squeezed = dragEdge(bounds, 'nw', 5000, 5000);
  assert.equal(squeezed.x + squeezed.width, 600);
  assert.equal(squeezed.y + squeezed.height, 500);
  assert.equal(dragEdge(bounds, 'n', 0, -5000).y, 0);
});

test('a title bar snaps only at the edges of the area', () => {
  assert.equal(snapAt({ x: 4, y: 300 }, 1200), 'left');
  assert.equal(snapAt({ x: 1199, y: 300 }, 1200), 'right');
  assert.equal(snapAt({ x: 600, y: 0 }, 1200), 'maximised');
  assert.equal(snapAt({ x: 600, y: 300 }, 1200), null);
});

test('arrow keys move or resize, other keys do nothing', () => {
  const bounds = { x: 100, y: 100, width: 500, height: 400 };
  assert.deepEqual(nudge(bounds, 'move', 'ArrowLeft'), { ...bounds, x: 68 });
  assert.deepEqual(nudge(bounds, 'resize', 'ArrowDown'), { ...bounds, height: 432 });
  assert.equal(nudge(bounds, 'move', 'a'), null);
});
