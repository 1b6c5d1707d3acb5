import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import type { DriveHandle, ListOptions, Page } from './index.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const write = (handle: DriveHandle, parent: string, name: string, content = name) =>
  handle.writeFile({ parent, name, content: textStream(content) });

/** Every page of a listing, one after another. */
async function pages(next: (after: string | undefined) => Promise<Page>): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | undefined, more = true; more;) {
    const page = await next(after);
    names.push(...page.entries.map(({ name, path }) => path ?? name));
    after = page.next;
    more = after !== undefined;
  }
  return names;
}

test('a folder in every order, in pages of every size, tells of everything once, also where much is equal', async (t) => {
  verifies('drive.puter.listing');
  const alice = (await temporaryDrive(t)).drive.of('alice');
  const { id: root } = await alice.root();
  // Not in the order of their names; three sizes, three types and two folders.
  for (const index of [4, 1, 7, 0, 9, 2, 8, 3, 6, 5])
    await write(alice, root, `${index}.${['txt', 'png', 'é'][index % 3]}`, 'x'.repeat(index % 3));
  for (const name of ['5a', 'zz']) await alice.createFolder({ parent: root, name });
  for (const sort of ['name', 'modified', 'size', 'type'] as const) {
    const whole = await alice.list({ parent: root, sort });
    const ascending = whole.entries.map(({ name }) => name);
    assert.equal(new Set(ascending).size, 12);
    const keyOf = ({ name, modifiedAt, size, kind, mediaType }: Page['entries'][number]) =>
      ({ name, modified: modifiedAt, size, type: kind === 'folder' ? '' : (mediaType ?? '-') })[sort];
    const keys = whole.entries.map(keyOf);
    assert.deepEqual(
      keys,
      keys.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0)),
      sort,
    );
    for (const descending of [false, true])
      for (const limit of [1, 2, 5, 12, 100]) {
        const options: ListOptions = { parent: root, sort, descending, limit };
        const expected = descending ? ascending.toReversed() : ascending;
        assert.deepEqual(await pages((after) => alice.list({ ...options, after })), expected, `${sort} ${descending} ${limit}`);
        assert.deepEqual(
          (await alice.list({ ...options, offset: 3 })).entries.map(({ name }) => name),
          expected.slice(3, 3 + limit),
        );
      }
  }
  for (const after of ['nonsense', 'W10', 'WzEsMl0', 'WyJ4IiwieCJd'])
    await assert.rejects(alice.list({ parent: root, sort: 'size', after }), { code: 'cursor_invalid' }, after);
});

test('a tree goes on behind a place that was deleted or moved meanwhile, and is measured', async (t) => {
  verifies('drive.puter.listing');
  const alice = (await temporaryDrive(t)).drive.of('alice');
  const { id: root } = await alice.root();
  for (const name of ['a', 'b', 'c']) {
    const folder = await alice.createPath({ parent: root, names: [name, 'in'] });
    for (const file of ['1', '2']) await write(alice, folder.id, file);
  }
  const all = ['a', 'a/in', 'a/in/1', 'a/in/2', 'b', 'b/in', 'b/in/1', 'b/in/2', 'c', 'c/in', 'c/in/1', 'c/in/2'];
  for (const limit of [1, 3, 50]) {
    assert.deepEqual(await pages((after) => alice.listTree({ parent: root, depth: 9, limit, after })), all);
    assert.deepEqual(
      await pages((after) => alice.listTree({ parent: root, depth: 2, limit, after })),
      all.filter((path) => path.split('/').length <= 2),
    );
  }
  const { next } = await alice.listTree({ parent: root, depth: 9, limit: 6 });
  await alice.trash((await alice.stat('/b')).id);
  assert.deepEqual(await pages((after) => alice.listTree({ parent: root, depth: 9, after: after ?? next })), all.slice(8));
  await assert.rejects(alice.listTree({ parent: root, depth: 9, after: 'e30' }), { code: 'cursor_invalid' });

  assert.deepEqual(await alice.measure(root), { entries: 8, bytes: 4 });
  assert.deepEqual(await alice.measure(root, { depth: 1 }), { entries: 2, bytes: 0 });
  for (let index = 0; index < 70; index++) await alice.createPath({ parent: root, names: ['many', `${index}`, 'x'] });
  assert.deepEqual(await alice.measure((await alice.stat('/many')).id), { entries: 140, bytes: 0 });
  assert.equal(await alice.isEmpty((await alice.stat('/many/7/x')).id), true);
  assert.equal(await alice.isEmpty(root), false);
});

test('a way of folders is made where it is missing, and not through a file', async (t) => {
  verifies('drive.puter.changes');
  const alice = (await temporaryDrive(t)).drive.of('alice');
  const { id: root } = await alice.root();
  const deep = await alice.createPath({ parent: root, names: ['a', 'b', 'c'] });
  assert.equal((await alice.createPath({ parent: root, names: ['a', 'b', 'c'] })).id, deep.id);
  assert.equal((await alice.createPath({ parent: root, names: [] })).id, root);
  await write(alice, deep.id, 'file');
  const before = await alice.latest();
  await assert.rejects(alice.createPath({ parent: deep.id, names: ['file', 'x'] }), { code: 'not_a_folder' });
  await assert.rejects(alice.createPath({ parent: deep.id, names: ['new', 'a/b'] }), { code: 'name_invalid' });
  await assert.rejects(alice.createPath({ parent: root, names: Array.from({ length: 300 }, () => 'x') }), { code: 'too_deep' });
  assert.equal(await alice.latest(), before, 'a failure leaves nothing of the way');
});

test('out of the trash to any place: what was put there, and what lies in it', async (t) => {
  verifies('drive.puter.trash');
  const alice = (await temporaryDrive(t)).drive.of('alice');
  const { id: root } = await alice.root();
  const box = await alice.createPath({ parent: root, names: ['box'] });
  const inside = await write(alice, box.id, 'inside');
  const place = await alice.createPath({ parent: root, names: ['place'] });
  await write(alice, place.id, 'inside');
  await assert.rejects(alice.restoreTo({ id: inside.id, parent: place.id }), { code: 'entry_not_in_trash' });
  await alice.trash(box.id);
  assert.equal(await alice.countTrash(), 1);
  await assert.rejects(alice.restoreTo({ id: inside.id, parent: place.id }), { code: 'name_taken' });
  await assert.rejects(alice.restoreTo({ id: inside.id, parent: box.id }), { code: 'entry_in_trash' });
  await assert.rejects(alice.restoreTo({ id: box.id, parent: place.id, name: 'a/b' }), { code: 'name_invalid' });
  const out = await alice.restoreTo({ id: inside.id, parent: place.id, onConflict: 'rename', firstNumber: 1 });
  assert.deepEqual([out.name, out.id, out.trashedAt], ['inside (1)', inside.id, undefined]);
  const back = await alice.restoreTo({ id: box.id, parent: place.id, name: 'inside', onConflict: 'replace' });
  assert.deepEqual([back.name, await alice.path(box.id)], ['inside', '/place/inside']);
  assert.equal(await alice.countTrash(), 1, 'what was in the way is in the trash');
});

test('a folder is emptied for good, in slices, and stays', async (t) => {
  verifies('drive.puter.changes');
  const { drive } = await temporaryDrive(t, { options: { folders: ['AppData'] } });
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const box = await alice.createPath({ parent: root, names: ['box'] });
  for (let index = 0; index < 450; index++) await alice.createFolder({ parent: box.id, name: `${index}` });
  await write(alice, (await alice.stat('/box/7')).id, 'file', 'content');
  await alice.emptyFolder(box.id);
  assert.deepEqual([await alice.isEmpty(box.id), (await alice.usage()).used, await alice.countTrash()], [true, 0, 0]);
  await assert.rejects(alice.emptyFolder(root), { code: 'root_fixed' });
  assert.equal((await alice.stat('/AppData')).kind, 'folder');
  assert.ok((await alice.changedAt()) > 0);
});
