import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '@freehold/protocol';
import { verifies } from '../../../../../requirements/verifies.ts';
import { toBoth, toText, type Shown } from './entry.ts';

test('the text of a listing says what the object says, whatever the names', () => {
  verifies('drive.puter.entries');
  const entry: Entry = {
    id: '0123456789abcdef0123456789abcdef',
    parent: 'f'.repeat(32),
    name: 'a',
    kind: 'file',
    size: 1,
    createdAt: 1999,
    modifiedAt: 2001,
  };
  const shown: Shown = { entry, owner: '0xabc', path: '/0xabc/a', name: 'a', parent: 'f'.repeat(32), right: 'manage', immutable: false };
  const cases: Partial<Shown>[] = [
    {},
    { name: 'q"uo\\te\u2028 文.txt', parent: 'd'.repeat(32), path: '/0xabc/d"ir/q"uo\\te\u2028 文.txt' },
    { path: '/0xabc', parent: null, immutable: true, entry: { ...entry, kind: 'folder', parent: null } },
    { path: '/', parent: null, owner: '0xdef' },
    { right: 'read', entry: { ...entry, mediaType: 'text/plain', target: 'e'.repeat(32) } },
    {
      entry: {
        ...entry,
        mediaType: 'image/png',
        attributes: { metadata: { a: [1, '"'] }, layout: 'details', sort_by: 'size', sort_order: 'desc' },
      },
    },
    { entry: { ...entry, attributes: { metadata: '{"a":1}', layout: 7 } } },
    { thumbnail: 'data:image/webp;base64,AA==' },
    { trashed: { path: '/0xabc/was here' }, entry: { ...entry, trashedAt: 5000 } },
  ];
  const all = [shown, ...cases.map((change) => ({ ...shown, ...change })), shown];
  assert.deepEqual(
    JSON.parse(toText(all)),
    all.map((one) => toBoth(one)),
  );
  assert.equal(toText([]), '[]');
});
