import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { DriveError, type DriveHandle, type FolderSnapshot } from './index.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const emptyFolder = (folder: string): FolderSnapshot => ({ folder, entries: [], read: () => assert.fail() });

/** Every operation of a handle, aimed at an id. Undefined where an operation takes none. A new operation does not compile until it stands here. */
const attacks: Record<keyof DriveHandle, ((alice: DriveHandle, id: string, own: { folder: string; file: string }) => Promise<unknown>)[]> =
  {
    entry: [(alice, id) => alice.entry(id)],
    path: [(alice, id) => alice.path(id)],
    child: [(alice, id) => alice.child(id, 'secret.txt')],
    list: [(alice, id) => alice.list({ parent: id }), (alice, id) => alice.list({ parent: id, sort: 'size', descending: true })],
    listTree: [(alice, id) => alice.listTree({ parent: id, depth: 3 })],
    measure: [(alice, id) => alice.measure(id)],
    snapshot: [(alice, id) => alice.snapshot({ folder: id, limit: 100 })],
    apply: [
      (alice, id) => alice.apply({ snapshot: emptyFolder(id), changes: [{ type: 'file', path: 'new', bytes: Buffer.from('evil') }] }),
    ],
    isEmpty: [(alice, id) => alice.isEmpty(id)],
    read: [(alice, id) => alice.read(id), (alice, id) => alice.read(id, { range: { last: 1 } })],
    versions: [(alice, id) => alice.versions(id)],
    version: [(alice, id) => alice.version(id, 1)],
    readVersion: [(alice, id) => alice.readVersion(id, 1)],
    restoreVersion: [(alice, id) => alice.restoreVersion(id, 1)],
    deleteVersion: [(alice, id) => alice.deleteVersion(id, 1)],
    nameVersion: [(alice, id) => alice.nameVersion(id, 1, 'evil')],
    createFolder: [(alice, id) => alice.createFolder({ parent: id, name: 'new' })],
    createPath: [(alice, id) => alice.createPath({ parent: id, names: ['new', 'newer'] })],
    writeFile: (['fail', 'rename', 'replace'] as const).flatMap((onConflict) => [
      (alice, id) => alice.writeFile({ parent: id, name: 'new', content: textStream('evil'), onConflict }),
      (alice, id) => alice.writeFile({ parent: id, name: 'secret.txt', content: textStream('evil'), onConflict }),
    ]),
    rename: [(alice, id) => alice.rename(id, 'renamed')],
    move: [
      (alice, id) => alice.move({ id }),
      (alice, id) => alice.move({ id, name: 'moved' }),
      (alice, id, { folder }) => alice.move({ id, parent: folder }),
      (alice, id, { file }) => alice.move({ id: file, parent: id }),
      (alice, id, { folder }) => alice.move({ id: folder, parent: id, onConflict: 'replace' }),
    ],
    copy: [
      (alice, id, { folder }) => alice.copy({ id, parent: folder, onConflict: 'rename' }),
      (alice, id, { file }) => alice.copy({ id: file, parent: id }),
    ],
    createShortcut: [(alice, id) => alice.createShortcut({ parent: id, name: 'link', target: id })],
    setAttributes: [(alice, id) => alice.setAttributes(id, { note: 'evil' })],
    touch: [(alice, id) => alice.touch(id)],
    trash: [(alice, id) => alice.trash(id)],
    restore: [(alice, id) => alice.restore(id)],
    restoreTo: [(alice, id, { folder }) => alice.restoreTo({ id, parent: folder }), (alice, id) => alice.restoreTo({ id, parent: id })],
    properties: [(alice, id) => alice.properties.change(id, [{ namespace: '', name: 'new', value: 'evil' }])],
    emptyFolder: [(alice, id) => alice.emptyFolder(id)],
    deleteForever: [(alice, id) => alice.deleteForever(id)],
    ipfs: [
      (alice, id) => alice.ipfs.publish(id),
      (alice, id) => alice.ipfs.publishCar(id),
      (alice, id) => alice.ipfs.rootOf(id),
      (alice, id) => alice.ipfs.lend(id, {}, async () => {}),
      (alice, id) => alice.ipfs.importCar({ parent: id, content: textStream('') }),
    ],
    // Of ids that are not its own it answers nothing.
    thumbnails: [],
    // These take no id: what they answer is looked through below.
    search: [],
    thumbnail: [(alice, id) => alice.thumbnail(id)],
    facts: [(alice, id) => alice.facts(id)],
    setThumbnail: [(alice, id) => alice.setThumbnail(id, null), (alice, id) => alice.setThumbnail(id, 'data:image/png;base64,AAAA')],
    root: [],
    statistics: [],
    fileWith: [],

    id: [],
    locks: [],
    stat: [],
    listTrash: [],
    countTrash: [],
    emptyTrash: [],
    usage: [],
    retention: [],
    setRetention: [],
    changes: [],
    latest: [],
    changedAt: [],
    events: [],
    subscribe: [],
  };

test('no operation reaches an entry of another drive, and a foreign id looks like one that does not exist', async (t) => {
  verifies('foundation.drive.isolation');
  const { drive } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  assert.deepEqual(Object.keys(alice).sort(), Object.keys(attacks).sort());

  const furnish = async (handle: DriveHandle) => {
    const { id: root } = await handle.root();
    const folder = await handle.createFolder({ parent: root, name: 'folder' });
    const file = await handle.writeFile({ parent: folder.id, name: 'secret.txt', content: textStream('equal content') });
    await handle.writeFile({ parent: folder.id, name: 'secret.txt', content: textStream('newer'), onConflict: 'replace' });
    const trashed = await handle.createFolder({ parent: root, name: 'trashed' });
    const inside = await handle.writeFile({ parent: trashed.id, name: 'inside', content: textStream('inside') });
    await handle.trash(trashed.id);
    return { root, folder: folder.id, file: file.id, trashed: trashed.id, inside: inside.id };
  };
  const own = await furnish(alice);
  const foreign = await furnish(bob);
  const state = async (handle: DriveHandle) => {
    const { id } = await handle.root();
    const listed = await handle.list({ parent: id });
    const below = await Promise.all(listed.entries.map((folder) => handle.list({ parent: folder.id })));
    const trash = await handle.listTrash();
    return {
      listed,
      below,
      trash,
      usage: await handle.usage(),
      retention: await handle.retention(),
      changes: await handle.changes(0),
      versions: await handle.versions(below[0]?.entries[0]?.id ?? ''),
    };
  };
  const before = { alice: await state(alice), bob: await state(bob) };

  const refusal = async (attempt: Promise<unknown>) => {
    const error: unknown = await attempt.then(
      () => assert.fail('it went through'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof DriveError, String(error));
    return { code: error.code, status: error.status, message: error.message, details: error.details };
  };
  let tried = 0;
  for (const [name, attempts] of Object.entries(attacks)) {
    for (const attempt of attempts) {
      const unknown = await refusal(attempt(alice, '0123456789abcdef0123456789abcdef', own));
      assert.equal(unknown.code, 'entry_not_found');
      for (const [what, id] of Object.entries(foreign)) {
        assert.deepEqual(await refusal(attempt(alice, id, own)), unknown, `${name} of a foreign ${what}`);
        tried += 1;
      }
    }
  }
  assert.ok(tried > 100);
  assert.deepEqual({ alice: await state(alice), bob: await state(bob) }, before);

  const equal = await alice.fileWith((await bob.entry(foreign.file)).cid ?? '');
  const seen = JSON.stringify([before.alice, await alice.root(), await alice.stat('/folder/secret.txt'), await alice.statistics(), equal]);
  for (const id of Object.values(foreign)) assert.ok(!seen.includes(id));
  await alice.emptyTrash();
  assert.deepEqual(await state(bob), before.bob);
});

test('what one drive holds does not show in another: quota, change numbers and the same content', async (t) => {
  verifies('foundation.drive.isolation');
  const { drive } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  const told: unknown[] = [];
  const unsubscribe = alice.subscribe((page) => void told.push(page));
  const { id: root } = await bob.root();
  for (let index = 0; index < 5; index++) await bob.writeFile({ parent: root, name: `${index}`, content: textStream('x'.repeat(70_000)) });
  const { id: parent } = await alice.root();
  await alice.writeFile({ parent, name: 'same', content: textStream('x'.repeat(70_000)) });
  assert.equal((await alice.usage()).used, 70_000, 'content that another has costs the same');
  assert.deepEqual(
    (await alice.changes(0)).changes.map(({ seq }) => seq),
    [1],
    'numbers do not tell how busy others are',
  );
  unsubscribe();
  assert.ok(!JSON.stringify(told).includes(root));
});
