import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import type { FolderChange } from './apply-changes.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const text = async (stream: AsyncIterable<unknown>) => Buffer.concat((await Array.fromAsync(stream)) as Buffer[]).toString();
const bytes = (content: string) => Buffer.from(content);
const large = Buffer.alloc(200_000, 'large ').toString();

/** A folder "work" with a few things in it, and all that is in it as one object. */
async function work(t: TestContext) {
  const opened = await temporaryDrive(t);
  const alice = opened.drive.of('alice');
  const { id: root } = await alice.root();
  const { id: folder } = await alice.createFolder({ parent: root, name: 'work' });
  const put = (name: string, content: string, parent = folder) =>
    alice.writeFile({ parent, name, content: textStream(content), onConflict: 'replace' });
  const { id: inner } = await alice.createFolder({ parent: folder, name: 'inner' });
  const note = await put('note.txt', 'a note');
  const other = await put('other.txt', 'another');
  const deep = await put('deep.txt', large, inner);
  async function tree() {
    const { entries } = await alice.listTree({ parent: folder, depth: Infinity });
    const found: Record<string, string> = {};
    for (const { id, path = '', kind } of entries) found[path] = kind === 'folder' ? 'folder' : await text((await alice.read(id)).stream);
    return found;
  }
  const snapshot = () => alice.snapshot({ folder, limit: 100 });
  const apply = async (changes: FolderChange[]) => alice.apply({ snapshot: await snapshot(), changes });
  return { ...opened, alice, root, folder, inner, note, other, deep, put, tree, snapshot, apply };
}

test('what a program did to a folder is kept whole: versions, moves of the same entries, trash, one batch of events', async (t) => {
  verifies('compute.mounts.commit');
  const { alice, drive, folder, inner, note, deep, tree, apply } = await work(t);
  const before = await alice.usage();
  const since = await alice.latest();
  const stop = new AbortController();
  const batches = alice.events({ since, signal: stop.signal });
  const first = batches.next();
  await apply([
    { type: 'remove', path: 'inner/deep.txt' },
    { type: 'remove', path: 'inner' },
    { type: 'remove', path: 'other.txt' },
    { type: 'file', path: 'note.txt', bytes: bytes('a new note') },
    { type: 'folder', path: 'outer', from: 'inner' },
    { type: 'file', path: 'outer/deeper.txt', from: 'inner/deep.txt', size: large.length, content: deep.cid ?? '' },
    { type: 'folder', path: 'outer/made' },
    { type: 'file', path: 'outer/made/copy.txt', bytes: bytes(large) },
    { type: 'file', path: 'outer/made/link.txt', size: large.length, content: deep.cid ?? '' },
    { type: 'file', path: 'outer/made/twice.txt', bytes: bytes(large) },
  ]);
  const batch = await first;
  stop.abort();
  assert.deepEqual(
    batch.value?.changes.map(({ op }: { op: string }) => op),
    ['trashed', 'updated', 'moved', 'moved', 'created', 'created', 'created', 'created'],
  );
  assert.deepEqual(await tree(), {
    'note.txt': 'a new note',
    outer: 'folder',
    'outer/deeper.txt': large,
    'outer/made': 'folder',
    'outer/made/copy.txt': large,
    'outer/made/link.txt': large,
    'outer/made/twice.txt': large,
  });
  assert.equal((await alice.stat('/work/outer')).id, inner);
  assert.equal((await alice.stat('/work/outer/deeper.txt')).id, deep.id);
  const [version] = await alice.versions(note.id);
  assert.equal(await text((await alice.readVersion(note.id, version?.number ?? 0)).stream), 'a note');
  assert.deepEqual(
    (await alice.listTrash()).entries.map(({ name }) => name),
    ['other.txt'],
  );
  assert.equal((await alice.usage()).used - before.used, 10 + 3 * large.length);
  assert.ok((await alice.list({ parent: folder })).entries.length === 2);
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('when others touched what it touched, nothing is kept and the place is named', async (t) => {
  verifies('compute.mounts.conflict');
  const { alice, folder, root, inner, note, other, put, tree, snapshot } = await work(t);
  const write: FolderChange = { type: 'file', path: 'note.txt', bytes: bytes('mine') };
  const make: FolderChange = { type: 'file', path: 'fresh.txt', bytes: bytes(large) };
  const cases: [string, FolderChange[], () => Promise<unknown>, string][] = [
    ['written', [make, write], () => put('note.txt', 'theirs'), 'note.txt'],
    ['taken', [make], () => put('fresh.txt', 'theirs'), 'fresh.txt'],
    ['renamed', [make, { type: 'remove', path: 'other.txt' }], () => alice.rename(other.id, 'else.txt'), 'other.txt'],
    ['moved out', [{ type: 'file', path: 'inner/new.txt', bytes: bytes('x') }], () => alice.move({ id: inner, parent: root }), 'inner'],
    ['moved back', [], () => alice.move({ id: inner, parent: folder }), ''],
    [
      'added to what it removed',
      [
        { type: 'remove', path: 'inner/deep.txt' },
        { type: 'remove', path: 'inner' },
      ],
      () => put('late.txt', 'late', inner),
      'inner/late.txt',
    ],
    ['deleted', [write], () => alice.trash(note.id), 'note.txt'],
  ];
  for (const [what, changes, meanwhile, path] of cases) {
    const before = await snapshot();
    await meanwhile();
    const theirs = await tree();
    const used = await alice.usage();
    if (changes.length === 0) continue;
    await assert.rejects(alice.apply({ snapshot: before, changes }), { code: 'changed_meanwhile', details: { path } }, what);
    assert.deepEqual([await tree(), await alice.usage()], [theirs, used], what);
    if (what === 'taken') await alice.trash((await alice.stat('/work/fresh.txt')).id);
  }
});

test('places swap, and something new takes the place of what moved away', async (t) => {
  const { alice, inner, note, deep, tree, apply } = await work(t);
  await apply([
    { type: 'remove', path: 'inner/deep.txt' },
    { type: 'remove', path: 'inner' },
    { type: 'remove', path: 'note.txt' },
    { type: 'folder', path: 'note.txt', from: 'inner' },
    { type: 'file', path: 'inner', from: 'note.txt', size: 6, content: note.cid ?? '' },
    { type: 'file', path: 'note.txt/deep.txt', from: 'inner/deep.txt', size: large.length, content: deep.cid ?? '' },
  ]);
  assert.deepEqual(await tree(), { inner: 'a note', 'note.txt': 'folder', 'note.txt/deep.txt': large, 'other.txt': 'another' });
  assert.deepEqual([(await alice.stat('/work/inner')).id, (await alice.stat('/work/note.txt')).id], [note.id, inner]);
});

test('a program gets no more room than the drive has, writes through no shortcut, and gives no name that others could not', async (t) => {
  verifies('compute.mounts.conflict');
  const { alice, drive, folder, note, tree, apply, files } = await work(t);
  await alice.createShortcut({ parent: folder, name: 'short', target: note.id });
  const before = await tree();
  const stored = files().length;
  await drive.setQuota('alice', (await alice.usage()).used + 250_000);
  const fill = (index: number): FolderChange => ({ type: 'file', path: `${index}.bin`, bytes: Buffer.alloc(100_000, index) });
  await assert.rejects(apply([fill(1), fill(2), fill(3)]), { code: 'quota_exceeded' });
  await assert.rejects(apply([fill(1), { type: 'file', path: 'bad\u202ename', bytes: bytes('x') }]), { code: 'name_invalid' });
  await assert.rejects(apply([fill(1), { type: 'file', path: 'short', bytes: bytes('x') }]), { code: 'not_a_file' });
  await assert.rejects(apply([fill(1), { type: 'file', path: 'x', size: 5, content: 'bafkreinothing' }]), { code: 'changed_meanwhile' });
  assert.deepEqual([await tree(), files().length], [before, stored]);
  await apply([fill(1), fill(2)]);
  await assert.rejects(alice.snapshot({ folder, limit: 6 }), { code: 'too_many_entries' });
});
