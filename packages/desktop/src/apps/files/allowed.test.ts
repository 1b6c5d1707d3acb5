import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../api/drive.ts';
import { allowedFor, isFixed, isForApps } from './allowed.ts';
import { sortEntries } from './sort.ts';

const make = (id: string, parent: string | null, name: string, kind: 'file' | 'folder' = 'folder'): Entry => ({
  id,
  parent,
  name,
  kind,
  size: 0,
  createdAt: 0,
  modifiedAt: 0,
});
const root = make('r', null, '');
const pictures = make('p', 'r', 'Pictures');
const appData = make('a', 'r', 'AppData');
const letter = make('l', 'r', 'letter.txt', 'file');

test('the folders that every drive has are not offered to be renamed, moved or deleted; others of their names are', () => {
  const home = { trail: [root], right: 'manage' } as const;
  assert.equal(isFixed(pictures, home), true);
  assert.equal(allowedFor([pictures], home).change, false);
  assert.equal(allowedFor([letter, pictures], home).change, false);
  assert.equal(allowedFor([letter], home).change, true);
  assert.equal(isFixed(make('x', 'l', 'Pictures'), home), false);
  assert.equal(isFixed(make('f', 'r', 'Pictures', 'file'), home), false);
});

test('the folder of apps comes last, whichever way the list is sorted', () => {
  const isLast = (entry: Entry) => isForApps(entry, { trail: [root] });
  for (const descending of [false, true])
    assert.equal(sortEntries([appData, letter, pictures], { key: 'name', descending }, isLast).at(-1)?.name, 'AppData');
});

test('in the folder of another the right decides what is offered', () => {
  const of = (right: 'list' | 'read' | 'write' | 'manage') => allowedFor([letter], { trail: [make('r', 'elsewhere', 'Shared')], right });
  assert.deepEqual(of('list'), { change: false, read: false, manage: false });
  assert.deepEqual(of('read'), { change: false, read: true, manage: false });
  assert.deepEqual(of('write'), { change: true, read: true, manage: false });
  assert.deepEqual(of('manage'), { change: true, read: true, manage: true });
});
