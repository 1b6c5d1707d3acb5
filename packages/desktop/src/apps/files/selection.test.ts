import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mediaKindOf } from './media.ts';
import { noSelection, reduceSelection, rowAfterKey, type Selection, type SelectionAction } from './selection.ts';
import { sortEntries } from './sort.ts';

const order = ['a', 'b', 'c', 'd', 'e'];
const after = (...actions: SelectionAction[]): Selection =>
  actions.reduce((state, action) => reduceSelection(state, action, order), noSelection);
const ids = (selection: Selection) => [...selection.ids].sort();

test('a range grows and shrinks from where it began', () => {
  const grown = after({ type: 'only', id: 'b' }, { type: 'range', id: 'd' });
  assert.deepEqual(ids(grown), ['b', 'c', 'd']);
  assert.deepEqual(ids(reduceSelection(grown, { type: 'range', id: 'a' }, order)), ['a', 'b']);
});

test('toggling adds and takes away, all takes everything, none keeps the place of the keyboard', () => {
  assert.deepEqual(ids(after({ type: 'toggle', id: 'a' }, { type: 'toggle', id: 'c' }, { type: 'toggle', id: 'a' })), ['c']);
  assert.deepEqual(ids(after({ type: 'all' })), order);
  assert.equal(after({ type: 'only', id: 'c' }, { type: 'none' }).focus, 'c');
});

test('rows that went away are forgotten', () => {
  const kept = reduceSelection(after({ type: 'only', id: 'b' }, { type: 'range', id: 'c' }), { type: 'keep' }, ['a', 'c']);
  assert.deepEqual([ids(kept), kept.focus, kept.anchor], [['c'], 'c', null]);
});

test('arrow keys stop at the ends', () => {
  assert.equal(rowAfterKey('ArrowDown', null, order, 3), 'a');
  assert.equal(rowAfterKey('ArrowDown', 'e', order, 3), 'e');
  assert.equal(rowAfterKey('ArrowUp', 'a', order, 3), 'a');
  assert.equal(rowAfterKey('PageDown', 'b', order, 3), 'e');
  assert.equal(rowAfterKey('End', 'b', order, 3), 'e');
  assert.equal(rowAfterKey('x', 'b', order, 3), undefined);
  assert.equal(rowAfterKey('End', null, [], 3), undefined);
});

const entry = (name: string, kind: 'file' | 'folder' = 'file', size = 0) => ({
  id: name,
  parent: 'root',
  name,
  kind,
  size,
  createdAt: 0,
  modifiedAt: 0,
});

test('folders come first, and names sort as people read them', () => {
  const entries = [entry('b10.txt', 'file', 5), entry('b2.txt', 'file', 9), entry('Z', 'folder'), entry('a.txt', 'file', 9)];
  const names = (sort: Parameters<typeof sortEntries>[1]) => sortEntries(entries, sort).map(({ name }) => name);
  assert.deepEqual(names({ key: 'name', descending: false }), ['Z', 'a.txt', 'b2.txt', 'b10.txt']);
  assert.deepEqual(names({ key: 'size', descending: true }), ['Z', 'b2.txt', 'a.txt', 'b10.txt']);
});

test('a kind is known by the media type, or else by the name', () => {
  assert.equal(mediaKindOf({ kind: 'file', mediaType: 'image/png', name: 'x' }), 'image');
  assert.equal(mediaKindOf({ kind: 'file', mediaType: 'application/octet-stream', name: 'main.rs' }), 'text');
  assert.equal(mediaKindOf({ kind: 'file', name: 'add.wasm' }), 'program');
  assert.equal(mediaKindOf({ kind: 'folder', name: 'x.png' }), 'folder');
  assert.equal(mediaKindOf({ kind: 'file', name: 'x' }), 'other');
});
