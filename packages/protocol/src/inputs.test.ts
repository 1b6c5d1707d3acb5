import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { inputsCidOf, type InputEntry } from './inputs.ts';

const file = (path: string, content: string): InputEntry => ({ path, type: 'file', size: 3, content, modifiedMs: 5 });

test('equal folders have equal ids, whatever the order; whatever a program could see of a difference gives another', () => {
  verifies('compute.mounts.identity');
  const entries = [file('a', 'x'), { path: 'b', type: 'folder', modifiedMs: 5 } as const, file('b/c', 'y')];
  const folder = { path: '/data', writable: false, entries };
  const id = inputsCidOf([folder, { path: '/more', writable: true, entries: [] }]);
  assert.match(id, /^bafyrei/);
  assert.equal(
    inputsCidOf([
      { path: '/more', writable: true, entries: [] },
      { ...folder, entries: entries.toReversed() },
    ]),
    id,
  );
  const others = [
    { ...folder, path: '/other' },
    { ...folder, writable: true },
    { ...folder, entries: entries.slice(0, 2) },
    { ...folder, entries: [file('a', 'z'), ...entries.slice(1)] },
    { ...folder, entries: [{ ...file('a', 'x'), modifiedMs: 6 }, ...entries.slice(1)] },
    { ...folder, entries: [file('A', 'x'), ...entries.slice(1)] },
  ].map((other) => inputsCidOf([other, { path: '/more', writable: true, entries: [] }]));
  assert.equal(new Set([id, ...others]).size, 7);
});
