import assert from 'node:assert/strict';
import { test } from 'node:test';
import { focusedId } from './reducer.ts';
import { createWindows } from './windows.ts';

const files = { app: 'files', place: 'home' } as const;
const trash = { app: 'files', place: 'trash' } as const;

test('the taskbar opens an app, puts it away when it is in front, and brings it back', () => {
  const windows = createWindows();
  windows.toggle(files);
  assert.equal(focusedId(windows.store.getState()), 'w1');
  windows.toggle(files);
  assert.equal(focusedId(windows.store.getState()), undefined);
  windows.toggle(files);
  assert.equal(focusedId(windows.store.getState()), 'w1');
  assert.equal(windows.store.getState().windows.length, 1);
});

test('the trash has a window of its own, once', () => {
  const windows = createWindows();
  windows.reveal(files);
  windows.reveal(trash);
  windows.reveal(trash);
  assert.deepEqual(
    windows.store.getState().windows.map(({ title, content }) => [title, content]),
    [
      ['Files', files],
      ['Files (2)', trash],
    ],
  );
});
