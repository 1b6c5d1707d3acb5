import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { uidOfId } from '../../http/uid.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let home: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  home = `/${owner.address}`;
});
after(() => node.end());

const post = (path: string, json: unknown, token = owner.token) =>
  fetch(new URL(path, node.url), {
    method: 'POST',
    // As the SDK sends it, so that a browser asks nothing before.
    headers: { 'content-type': 'text/plain;actually=json' },
    body: JSON.stringify({ ...(json as object), auth_token: token }),
  });
const ask = async (path: string, json: unknown, token?: string) => expectJson(await post(path, json, token));
const stat = (path: string) => ask('/stat', { path });
const names = async (json: object): Promise<string[]> => {
  const answer = await ask('/fs/readdir', json);
  return (answer.items ?? answer).map(({ name }: { name: string }) => name);
};
const refusal = async (path: string, json: unknown, token?: string) => {
  const response = await post(path, json, token);
  const { code, message, error, ...details } = JSON.parse(await response.text());
  assert.equal(error, message, path);
  return [response.status, code, details];
};
const read = (query: Record<string, string>, init: RequestInit = {}) => owner.fetch(`/read?${new URLSearchParams(query)}`, init);
const folder = async (name: string): Promise<string> => (await ask('/mkdir', { parent: home, path: name })).path;

const emptyTrash = () => ask('/delete', { paths: [`${home}/Trash`], descendants_only: true });

/** Writes through the node's own API. */
async function write(path: string, content: string): Promise<string> {
  const at = path.lastIndexOf('/');
  const parent = (await stat(path.slice(0, at) || '/')).uid.replaceAll('-', '');
  const url = `/api/drive/files?parent=${parent}&name=${encodeURIComponent(path.slice(at + 1))}&onConflict=replace`;
  return (await expectJson(await owner.fetch(url, { method: 'PUT', body: content }))).id;
}

test('an entry in the first dialect, by path in any letter case, by ~ and by uid', async () => {
  verifies('drive.puter.entries');
  const dir = await folder('entries');
  const id = await write(`${dir}/a.txt`, 'twelve bytes');
  const entry = await stat(`${dir}/a.txt`);
  const uid = uidOfId(id);
  const now = Math.floor(Date.now() / 1000);
  for (const time of ['modified', 'created', 'accessed'])
    assert.ok(Math.abs(entry[time] - now) < 60 && Number.isInteger(entry[time]), time);
  assert.deepEqual(entry, {
    id: uid,
    uid,
    uuid: uid,
    parent_id: entry.parent_uid,
    parent_uid: (await stat(dir)).uid,
    path: `${home}/entries/a.txt`,
    dirname: dir,
    dirpath: dir,
    name: 'a.txt',
    is_dir: false,
    is_shortcut: 0,
    shortcut_to: null,
    is_symlink: 0,
    symlink_path: null,
    type: 'text/plain; charset=utf-8',
    writable: true,
    is_public: null,
    is_shared: false,
    thumbnail: null,
    immutable: false,
    metadata: null,
    modified: entry.modified,
    created: entry.created,
    accessed: entry.accessed,
    size: 12,
    layout: null,
    sort_by: null,
    sort_order: null,
    subdomains: [],
    workers: [],
    has_website: false,
    suggested_apps: [],
    associated_app: null,
    owner: { username: owner.address },
  });
  for (const path of [
    '~/entries/a.txt',
    `${home.toLowerCase()}/entries/a.txt`,
    `${dir}//./a.txt`,
    `${dir}/b/../a.txt`,
    uid,
    uid.toUpperCase(),
    'entries/a.txt',
  ])
    assert.deepEqual(await stat(path), entry, path);
  assert.deepEqual(await ask('/stat', { uid }), entry);
  const extra = await ask('/stat', { path: dir, return_size: true, return_versions: true, return_permissions: true, surprise: 1 });
  assert.deepEqual([extra.is_dir, extra.type, extra.size, extra.versions, extra.is_empty], [true, 'folder', 12, [], false]);
  assert.deepEqual(extra.permissions, [`fs:${extra.uid}:manage`]);
});

test('a folder in both dialects', async () => {
  verifies('drive.puter.entries');
  const dir = await folder('both');
  await write(`${dir}/a.txt`, 'a');
  const [item] = await ask('/fs/readdir', { path: dir });
  const first = await stat(`${dir}/a.txt`);
  for (const [key, value] of Object.entries(first)) assert.deepEqual(item[key], value, key);
  assert.deepEqual(
    [item.parentUid, item.isDir, item.isShortcut, item.shortcutTo, item.isSymlink, item.symlinkPath, item.isPublic, item.hasWebsite],
    [first.parent_uid, false, false, null, false, null, null, false],
  );
  assert.deepEqual([item.suggestedApps, item.associatedApp], [[], null]);
});

test('a listing is a bare array, or pages when a cursor or the total is asked for', async () => {
  verifies('drive.puter.listing');
  const dir = await folder('pages');
  const all = ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt'];
  for (const [index, name] of all.entries()) await write(`${dir}/${name}`, 'x'.repeat(10 - index));
  assert.deepEqual(await names({ path: dir }), all);
  assert.deepEqual(await names({ uid: (await stat(dir)).uid, limit: 2 }), all.slice(0, 2));
  assert.deepEqual(await names({ path: dir, offset: 3, limit: 10 }), all.slice(3));
  for (const sortBy of ['name', 'modified', 'size', 'type'])
    for (const sortOrder of ['asc', 'desc']) {
      const ascending = sortBy === 'size' ? all.toReversed() : all;
      const seen: string[] = [];
      for (let cursor: string | null | undefined = null; cursor !== undefined;) {
        const page = await ask('/fs/readdir', { path: dir, limit: 2, cursor, sortBy, sortOrder });
        assert.ok(page.items.length <= 2);
        seen.push(...page.items.map(({ name }: { name: string }) => name));
        cursor = page.cursor;
      }
      assert.deepEqual(seen, sortOrder === 'asc' ? ascending : ascending.toReversed(), `${sortBy} ${sortOrder}`);
    }
  const page = await ask('/fs/readdir', { path: dir, limit: 1, includeTotal: true });
  assert.deepEqual([page.items.length, page.total, typeof page.cursor], [1, 5, 'string']);
  const get = await expectJson(
    await owner.fetch(`/fs/readdir?${new URLSearchParams({ path: dir, limit: '2', offset: '1', sortOrder: 'desc' })}`),
  );
  assert.deepEqual(
    get.map(({ name }: { name: string }) => name),
    ['d.txt', 'c.txt'],
  );
  assert.deepEqual(await refusal('/fs/readdir', { path: dir, cursor: 'bm9uc2Vuc2U', sortBy: 'size' }), [400, 'field_invalid', {}]);
  assert.deepEqual(await refusal('/fs/readdir', { path: dir, sortBy: 'colour' }), [400, 'field_invalid', { field: 'sortBy' }]);
  assert.deepEqual((await refusal('/fs/readdir', { path: `${dir}/a.txt` })).slice(0, 2), [400, 'dest_is_not_a_directory']);
});

test('a tree in pages, a folder before what it holds, as deep as asked', async () => {
  verifies('drive.puter.listing');
  const dir = await folder('tree');
  await ask('/mkdir', { parent: dir, path: 'a/b', create_missing_parents: true });
  await ask('/mkdir', { parent: dir, path: 'c' });
  await write(`${dir}/a/b/deep.txt`, 'x');
  await write(`${dir}/top.txt`, 'y');
  const below = async (depth: number | undefined, limit: number) => {
    const seen: string[] = [];
    for (let cursor: string | null | undefined = null; cursor !== undefined;) {
      const page = await ask('/fs/readdir', { path: dir, recursive: true, depth, limit, cursor, includeTotal: true });
      seen.push(...page.items.map(({ path }: { path: string }) => path.slice(dir.length + 1)));
      cursor = page.cursor;
      assert.equal(page.total, depth === 1 ? 3 : 5);
    }
    return seen;
  };
  for (const limit of [1, 2, 3, 100]) {
    assert.deepEqual(await below(1, limit), ['a', 'c', 'top.txt']);
    assert.deepEqual(await below(undefined, limit), ['a', 'a/b', 'a/b/deep.txt', 'c', 'top.txt']);
  }
});

test('/ holds the home, and the home holds the trash first', async () => {
  verifies('drive.puter.listing');
  const homes = await ask('/fs/readdir', { path: '/' });
  assert.deepEqual([homes.length, homes[0].path, homes[0].name, homes[0].immutable], [1, home, owner.address, true]);
  const all = await ask('/fs/readdir', { path: home });
  assert.deepEqual([all[0].name, all[0].path, all[0].immutable, all[0].is_dir], ['Trash', `${home}/Trash`, true, true]);
  assert.equal(all.find(({ name }: { name: string }) => name === 'Documents').immutable, true);
  const seen: string[] = [];
  for (let cursor: string | null | undefined = null; cursor !== undefined;) {
    const page = await ask('/fs/readdir', { path: home, limit: 1, cursor, includeTotal: true });
    assert.equal(page.total, all.length);
    seen.push(...page.items.map(({ uid }: { uid: string }) => uid));
    cursor = page.cursor;
  }
  assert.deepEqual(
    seen,
    all.map(({ uid }: { uid: string }) => uid),
  );
  assert.equal((await ask('/fs/readdir', { path: home, offset: 1, limit: 1 }))[0].uid, all[1].uid);
  assert.equal((await ask('/stat', { uid: all[0].uid })).path, `${home}/Trash`);
});

test('a folder is made once, with what is missing above it, or under a free name', async () => {
  verifies('drive.puter.changes');
  const dir = await folder('made');
  const first = await ask('/mkdir', { parent: dir, path: 'x' });
  assert.equal((await ask('/mkdir', { parent: dir, path: 'x' })).uid, first.uid);
  assert.equal((await ask('/mkdir', { path: `${dir}/x` })).uid, first.uid);
  assert.equal((await ask('/mkdir', { parent: first.parent_uid, path: 'x' })).uid, first.uid);
  assert.equal((await ask('/mkdir', { parent: dir, path: 'x', dedupe_name: true })).name, 'x (1)');
  assert.equal((await ask('/mkdir', { parent: dir, path: 'x', dedupe_name: true })).name, 'x (2)');
  const deep = await ask('/mkdir', { parent: `${dir}/p/q`, path: 'r/s', create_missing_parents: true });
  assert.deepEqual([deep.path, deep.dirname, deep.is_empty], [`${dir}/p/q/r/s`, `${dir}/p/q/r`, true]);
  assert.equal((await stat(`${dir}/p/q/r/s`)).uid, deep.uid);
  await write(`${dir}/file`, 'x');
  assert.deepEqual(await refusal('/mkdir', { parent: dir, path: 'file' }), [409, 'item_with_same_name_exists', { entry_name: 'file' }]);
  assert.equal((await ask('/mkdir', { parent: dir, path: 'file', overwrite: true })).is_dir, true);
  assert.equal((await ask('/mkdir', { parent: '/', path: owner.address })).path, home, 'the home is there');
  const link = await ask('/mkdir', { parent: dir, path: 'link', shortcut_to: first.uid });
  assert.deepEqual([link.is_shortcut, link.shortcut_to], [1, first.uid]);
});

test('a copy takes everything below along; a name that is taken is refused, replaced or numbered from 1', async () => {
  verifies('drive.puter.changes');
  const dir = await folder('copies');
  const to = (await ask('/mkdir', { parent: dir, path: 'to' })).path;
  const id = await write(`${dir}/a.txt`, 'one');
  const [{ copied }] = await ask('/copy', { source: `${dir}/a.txt`, destination: to });
  assert.deepEqual([copied.path, copied.size, copied.uid === uidOfId(id)], [`${to}/a.txt`, 3, false]);
  assert.deepEqual(await refusal('/copy', { source: `${dir}/a.txt`, destination: to }), [
    409,
    'item_with_same_name_exists',
    { entry_name: 'a.txt' },
  ]);
  assert.equal(
    (await ask('/copy', { source: uidOfId(id), destination: copied.parent_uid, dedupe_name: true }))[0].copied.name,
    'a (1).txt',
  );
  const [replaced] = await ask('/copy', { source: `${dir}/a.txt`, destination: to, overwrite: true });
  assert.equal(replaced.overwritten.uid, copied.uid);
  assert.equal((await ask('/copy', { source: to, destination: dir, new_name: 'whole' }))[0].copied.is_dir, true);
  assert.deepEqual(await names({ path: `${dir}/whole` }), ['a (1).txt', 'a.txt']);
});

test('a move keeps the uid, tells the old path, and carries metadata', async () => {
  verifies('drive.puter.changes');
  const dir = await folder('moves');
  const id = await write(`${dir}/a.txt`, 'one');
  const answer = await ask('/move', {
    source: `${dir}/a.txt`,
    destination: `${dir}/x/y`,
    create_missing_parents: true,
    new_name: 'b.txt',
    new_metadata: { colour: 'red' },
  });
  assert.deepEqual([answer.old_path, answer.moved.path, answer.moved.uid], [`${dir}/a.txt`, `${dir}/x/y/b.txt`, uidOfId(id)]);
  assert.deepEqual(JSON.parse(answer.moved.metadata), { colour: 'red' });
  assert.equal((await ask('/move', { source: uidOfId(id), destination: dir, new_metadata: {} })).moved.metadata, null);
  await write(`${dir}/x/y/b.txt`, 'in the way');
  assert.deepEqual(await refusal('/move', { source: uidOfId(id), destination: `${dir}/x/y` }), [
    409,
    'item_with_same_name_exists',
    { entry_name: 'b.txt' },
  ]);
  assert.equal((await ask('/move', { source: uidOfId(id), destination: `${dir}/x/y`, dedupe_name: true })).moved.name, 'b (1).txt');
  const over = await ask('/move', { source: uidOfId(id), destination: `${dir}/x/y`, new_name: 'b.txt', overwrite: true });
  assert.deepEqual([over.moved.uid, over.overwritten.name], [uidOfId(id), 'b.txt']);
});

test('a rename is refused as a conflict when the name is taken', async () => {
  verifies('drive.puter.changes');
  const dir = await folder('renames');
  const id = await write(`${dir}/a.txt`, 'one');
  await write(`${dir}/b.txt`, 'two');
  assert.deepEqual(await refusal('/rename', { path: `${dir}/a.txt`, new_name: 'b.txt' }), [409, 'conflict', { entry_name: 'b.txt' }]);
  const renamed = await ask('/rename', { uid: uidOfId(id), new_name: 'c.txt' });
  assert.deepEqual([renamed.name, renamed.path, renamed.uid], ['c.txt', `${dir}/c.txt`, uidOfId(id)]);
  const whole = await ask('/rename', { path: dir, new_name: 'renamed' });
  assert.equal(whole.path, `${home}/renamed`);
});

test('what is deleted is told; a folder that is not empty only with everything in it, or emptied', async () => {
  verifies('drive.puter.changes');
  await emptyTrash();
  const dir = await folder('deletes');
  for (const name of ['a', 'b', 'c', 'd']) await write(`${dir}/${name}`, name);
  const removed = await ask('/delete', { paths: [`${dir}/a`, (await stat(`${dir}/b`)).uid] });
  assert.deepEqual(
    removed.map(({ name }: { name: string }) => name),
    ['a', 'b'],
  );
  await ask('/mkdir', { parent: dir, path: 'x/y', create_missing_parents: true });
  assert.equal((await ask('/delete', { paths: [`${dir}/x`, `${dir}/x/y`, `${dir}/x`], recursive: true })).length, 3);
  const { uid } = await stat(`${dir}/c`);
  assert.deepEqual(await ask('/delete', { path: `${dir}/c` }), { ok: true, uid });
  assert.deepEqual(await refusal('/delete', { paths: [dir] }), [400, 'not_empty', { entry_name: 'deletes' }]);
  assert.deepEqual(await refusal('/delete', { paths: [`${dir}/d`, `${dir}/none`], recursive: true }), [404, 'subject_does_not_exist', {}]);
  assert.deepEqual(await names({ path: dir }), ['d'], 'nothing is deleted when something cannot be');
  await ask('/delete', { paths: [dir], descendants_only: true, recursive: true });
  assert.deepEqual(await names({ path: dir }), []);
  await ask('/delete', { paths: [dir] });
  assert.deepEqual((await refusal('/stat', { path: dir })).slice(0, 2), [404, 'subject_does_not_exist']);
  assert.deepEqual(await names({ path: `${home}/Trash` }), [], 'Puter deletes for good');
});

test('the trash is a folder with names of its own: into it, out of it, and emptied', async () => {
  verifies('drive.puter.trash');
  await emptyTrash();
  const dir = await folder('trashing');
  await ask('/mkdir', { parent: dir, path: 'box' });
  const id = await write(`${dir}/box/a.txt`, 'one');
  const { uid } = await stat(`${dir}/box`);
  const trash = `${home}/Trash`;
  const { moved, old_path } = await ask('/move', {
    source: `${dir}/box`,
    destination: trash,
    new_name: uid,
    new_metadata: { original_name: 'box' },
  });
  assert.deepEqual([old_path, moved.path, moved.name, moved.uid], [`${dir}/box`, `${trash}/${uid}`, uid, uid]);
  const metadata = JSON.parse(moved.metadata);
  assert.deepEqual([metadata.original_name, metadata.original_path], ['box', `${dir}/box`]);
  assert.ok(Math.abs(metadata.trashed_ts - Date.now() / 1000) < 60);
  const listed = await ask('/fs/readdir', { path: trash, cursor: null, includeTotal: true });
  assert.deepEqual(
    [listed.total, listed.items[0].uid, listed.items[0].name, listed.items[0].parent_uid],
    [1, uid, uid, (await stat(trash)).uid],
  );
  assert.deepEqual({ ...(await stat(`${trash}/${uid}`)), is_empty: undefined }, { ...moved, is_empty: undefined, is_shared: false });
  assert.equal((await stat(`${trash}/${uid}/a.txt`)).uid, uidOfId(id));
  assert.equal((await stat(uidOfId(id))).path, `${trash}/${uid}/a.txt`);
  assert.deepEqual((await refusal('/stat', { path: `${dir}/box` })).slice(0, 2), [404, 'subject_does_not_exist']);
  assert.equal(await (await read({ file: `${trash}/${uid}/a.txt` })).text(), 'one');
  for (const [path, json] of [
    ['/mkdir', { parent: trash, path: 'x' }],
    ['/mkdir', { parent: `${trash}/${uid}`, path: 'x' }],
    ['/delete', { paths: [trash], recursive: true }],
    ['/rename', { path: trash, new_name: 'Bin' }],
    ['/move', { source: trash, destination: dir }],
    ['/copy', { source: dir, destination: trash }],
  ] as const)
    assert.deepEqual((await refusal(path, json)).slice(0, 2), [403, 'forbidden'], `${path} ${JSON.stringify(json)}`);

  const inner = await ask('/move', { source: `${trash}/${uid}/a.txt`, destination: dir });
  assert.deepEqual([inner.moved.path, inner.moved.metadata], [`${dir}/a.txt`, null]);
  const back = await ask('/move', { source: `${trash}/${uid}`, destination: dir, new_name: 'box', new_metadata: {} });
  assert.deepEqual([back.moved.path, back.moved.metadata, back.old_path], [`${dir}/box`, null, `${trash}/${uid}`]);
  for (const source of [`${dir}/box`, `${dir}/a.txt`]) await ask('/move', { source, destination: trash, new_name: 'whatever' });
  await ask('/delete', { paths: [`${trash}/${uid}`], recursive: true });
  assert.deepEqual(await names({ path: trash }), [uidOfId(id)]);
  await ask('/delete', { paths: [trash], recursive: true, descendants_only: true });
  assert.deepEqual(await names({ path: trash }), []);
});

test('the folders that every drive has, homes and / are protected', async () => {
  verifies('drive.puter.protected');
  const documents = `${home}/Documents`;
  const dir = await folder('protected');
  for (const [path, json, code] of [
    ['/delete', { paths: [documents], recursive: true }, 'forbidden'],
    ['/delete', { paths: [home], recursive: true }, 'forbidden'],
    ['/delete', { paths: [home], recursive: true, descendants_only: true }, 'forbidden'],
    ['/rename', { path: documents, new_name: 'Papers' }, 'forbidden'],
    ['/move', { source: documents, destination: dir }, 'forbidden'],
    ['/move', { source: documents, destination: `${home}/Trash` }, 'forbidden'],
    ['/move', { source: home, destination: dir }, 'forbidden'],
    ['/delete', { paths: ['/'], recursive: true }, 'cannot_write_to_root'],
    ['/mkdir', { parent: '/', path: 'x' }, 'cannot_write_to_root'],
    ['/copy', { source: dir, destination: '/' }, 'cannot_write_to_root'],
    ['/move', { source: dir, destination: '/' }, 'cannot_write_to_root'],
    ['/rename', { path: '/', new_name: 'x' }, 'cannot_write_to_root'],
  ] as const)
    assert.deepEqual((await refusal(path, json)).slice(0, 2), [code === 'forbidden' ? 403 : 400, code], `${path} ${JSON.stringify(json)}`);
  assert.equal((await stat(documents)).immutable, true);
});

test('every refusal has the code and the status that clients know', async () => {
  verifies('drive.puter.errors');
  const dir = await folder('refusals');
  await ask('/mkdir', { parent: dir, path: 'box/in', create_missing_parents: true });
  await write(`${dir}/file`, 'x');
  const none = `${dir}/none`;
  const cases: [string, object, number, string][] = [
    ['/stat', { path: none }, 404, 'subject_does_not_exist'],
    ['/stat', { uid: '01234567-89ab-cdef-0123-456789abcdef' }, 404, 'subject_does_not_exist'],
    ['/stat', { path: '/0x0000000000000000000000000000000000000001' }, 404, 'subject_does_not_exist'],
    ['/stat', { path: '/nobody/x' }, 404, 'subject_does_not_exist'],
    ['/stat', {}, 400, 'field_required'],
    ['/stat', { path: 7 }, 400, 'field_invalid'],
    ['/stat', { path: 'a\0b' }, 400, 'field_invalid'],
    ['/fs/readdir', { path: none }, 404, 'subject_does_not_exist'],
    ['/fs/readdir', {}, 400, 'field_required'],
    ['/fs/readdir', { path: dir, limit: -1 }, 400, 'field_invalid'],
    ['/mkdir', { parent: none, path: 'x' }, 404, 'not_found'],
    ['/mkdir', { parent: dir, path: 'none/x' }, 404, 'not_found'],
    ['/mkdir', { parent: `${dir}/file`, path: 'x' }, 400, 'dest_is_not_a_directory'],
    ['/mkdir', { parent: dir, path: 'file/x', create_missing_parents: true }, 400, 'dest_is_not_a_directory'],
    ['/mkdir', { parent: dir }, 400, 'field_required'],
    ['/mkdir', { parent: dir, path: 'x', dedupe_name: 'perhaps' }, 400, 'field_invalid'],
    ['/mkdir', { parent: dir, path: 'x'.repeat(300) }, 400, 'bad_request'],
    ['/mkdir', { parent: dir, path: 'x', shortcut_to: none }, 404, 'shortcut_target_not_found'],
    ['/copy', { source: none, destination: dir }, 404, 'subject_does_not_exist'],
    ['/copy', { source: `${dir}/file`, destination: none }, 400, 'dest_does_not_exist'],
    ['/copy', { source: `${dir}/box`, destination: `${dir}/file` }, 400, 'dest_is_not_a_directory'],
    ['/copy', { source: `${dir}/box`, destination: `${dir}/box/in` }, 400, 'cannot_copy_directory_into_itself'],
    ['/copy', { source: `${dir}/file`, destination: dir, overwrite: true }, 400, 'source_and_dest_are_the_same'],
    ['/copy', { source: `${dir}/file`, destination: dir, new_name: 'box', overwrite: true }, 400, 'cannot_overwrite_a_directory'],
    ['/copy', { destination: dir }, 400, 'field_required'],
    ['/move', { source: none, destination: dir }, 404, 'subject_does_not_exist'],
    ['/move', { source: `${dir}/file`, destination: none }, 400, 'dest_does_not_exist'],
    ['/move', { source: `${dir}/box`, destination: `${dir}/box/in` }, 400, 'cannot_move_directory_into_itself'],
    ['/move', { source: `${dir}/file`, destination: dir, new_name: 'box', overwrite: true }, 400, 'cannot_overwrite_a_directory'],
    ['/move', { source: `${dir}/file` }, 400, 'field_required'],
    ['/move', { source: `${dir}/file`, destination: dir, new_name: 'a/b' }, 400, 'bad_request'],
    ['/rename', { path: none, new_name: 'x' }, 404, 'subject_does_not_exist'],
    ['/rename', { path: `${dir}/file` }, 400, 'field_required'],
    ['/rename', { path: `${dir}/file`, new_name: '../x' }, 400, 'bad_request'],
    ['/delete', { paths: [none] }, 404, 'subject_does_not_exist'],
    ['/delete', { paths: [] }, 400, 'field_required'],
    ['/delete', { paths: [1] }, 400, 'field_invalid'],
    ['/touch', { path: `${none}/x` }, 404, 'subject_does_not_exist'],
    ['/search', {}, 400, 'field_required'],
    ['/readdir-subdomains', { directory_ids: [] }, 400, 'field_invalid'],
    ['/set_layout', { layout: 'icons' }, 400, 'field_required'],
  ];
  for (const [path, json, status, code] of cases)
    assert.deepEqual((await refusal(path, json)).slice(0, 2), [status, code], `${path} ${JSON.stringify(json).slice(0, 200)}`);
  for (const [query, status, code] of [
    [{ file: none }, 404, 'subject_does_not_exist'],
    [{ file: dir }, 400, 'cannot_read_a_directory'],
    [{ file: '/' }, 400, 'cannot_read_a_directory'],
    [{}, 400, 'field_required'],
    [{ file: `${dir}/file`, offset: '-1' }, 400, 'field_invalid'],
  ] as [Record<string, string>, number, string][]) {
    const response = await read(query);
    assert.deepEqual([response.status, JSON.parse(await response.text()).code], [status, code], JSON.stringify(query));
  }
  assert.deepEqual((await refusal('/stat', { path: dir }, 'nonsense')).slice(0, 2), [401, 'reauth_required']);
  const without = await fetch(new URL('/stat', node.url), { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
  assert.deepEqual([without.status, JSON.parse(await without.text()).code], [401, 'token_missing']);
  assert.equal((await fetch(new URL('/itemMetadata?uid=x', node.url))).status, 410);
});

test('reading: the whole, a part by offset, ranges, what is known already, and HEAD', async () => {
  verifies('drive.puter.reading');
  const dir = await folder('reads');
  const content = 'abcdefghijklmnopqrstuvwxyz';
  await write(`${dir}/letters`, content);
  const file = `${dir}/letters`;
  const whole = await read({ file });
  const etag = whole.headers.get('etag') ?? '';
  assert.deepEqual(
    ['content-type', 'content-disposition', 'content-length', 'accept-ranges'].map((name) => whole.headers.get(name)),
    ['application/octet-stream', 'inline', '26', 'bytes'],
  );
  assert.equal(await whole.text(), content);
  assert.ok(Number.isFinite(Date.parse(whole.headers.get('last-modified') ?? '')));
  for (const [query, headers, status, text, range] of [
    [{ offset: '3' }, {}, 200, content.slice(3), null],
    [{ offset: '3', byte_count: '4' }, {}, 200, 'defg', null],
    [{ byte_count: '4' }, {}, 200, 'abcd', null],
    [{ offset: '20', byte_count: '400' }, {}, 200, 'uvwxyz', null],
    [{ offset: '26' }, {}, 200, '', null],
    [{ offset: '3', byte_count: '4' }, { range: 'bytes=1-2' }, 206, 'ef', 'bytes 1-2/4'],
    [{}, { range: 'bytes=2-4' }, 206, 'cde', 'bytes 2-4/26'],
    [{}, { range: 'bytes=-3' }, 206, 'xyz', 'bytes 23-25/26'],
    [{}, { range: 'bytes=0-1', 'if-range': etag }, 206, 'ab', 'bytes 0-1/26'],
    [{}, { range: 'bytes=0-1', 'if-range': '"other"' }, 200, content, null],
    [{}, { 'if-none-match': etag }, 304, '', null],
    [{ byte_count: '4' }, { 'if-none-match': etag }, 200, 'abcd', null],
  ] as [Record<string, string>, Record<string, string>, number, string, string | null][]) {
    const response = await read({ file, ...query }, { headers });
    assert.deepEqual(
      [response.status, await response.text(), response.headers.get('content-range')],
      [status, text, range],
      JSON.stringify([query, headers]),
    );
  }
  const head = await read({ file }, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '26']);
  assert.equal((await read({ file }, { headers: { range: 'bytes=99-' } })).status, 416);
  assert.equal((await read({ file, offset: '27' })).status, 400);
  const { uid } = await stat(file);
  assert.equal(await (await read({ file: uid })).text(), content);
});

test('pictures come with entries when they are asked for, and can be given', async () => {
  verifies('drive.puter.rest');
  const dir = await folder('pictures');
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
  await write(`${dir}/clip.mp4`, 'not really');
  await write(`${dir}/note.txt`, 'text');
  const { uid, thumbnail } = await stat(`${dir}/clip.mp4`);
  assert.equal(thumbnail, null);
  await ask('/update-fsentry-thumbnail', { uid, thumbnail: `data:image/png;base64,${png}` });
  assert.match((await stat(`${dir}/clip.mp4`)).thumbnail, /^data:image\/webp;base64,/);
  const [clip, note] = await ask('/fs/readdir', { path: dir });
  assert.match(clip.thumbnail, /^data:image\/webp;base64,/);
  assert.equal(note.thumbnail, null);
  assert.equal((await ask('/fs/readdir', { path: dir, no_thumbs: true }))[0].thumbnail, null);
  await ask('/update-fsentry-thumbnail', { uid, thumbnail: null });
  assert.equal((await stat(`${dir}/clip.mp4`)).thumbnail, null);
  assert.deepEqual(await refusal('/update-fsentry-thumbnail', { uid, thumbnail: 'https://example.com/x.png' }), [400, 'field_invalid', {}]);
});

test('the rest: space, search, time of the last change, layout, sites, apps, touch', async () => {
  verifies('drive.puter.rest');
  const dir = await folder('rest');
  assert.equal((await post('/touch', { path: `${dir}/new.txt` })).status, 200);
  const { size, uid } = await stat(`${dir}/new.txt`);
  assert.equal(size, 0);
  await ask('/set_layout', { item_uid: (await stat(dir)).uid, layout: 'details' });
  await ask('/set_sort_by', { path: dir, sort_by: 'size', sort_order: 'desc' });
  const described = await stat(dir);
  assert.deepEqual([described.layout, described.sort_by, described.sort_order], ['details', 'size', 'desc']);
  const space = await ask('/df', {});
  assert.ok(space.capacity > space.used && space.used >= 0);
  const hits = await ask('/search', { text: 'new.txt' });
  assert.deepEqual(
    hits.map(({ path }: { path: string }) => path),
    [`${dir}/new.txt`],
  );
  const { timestamp } = await expectJson(await owner.fetch('/cache/last-change-timestamp'));
  assert.ok(Math.abs(timestamp - Date.now()) < 60_000);
  assert.deepEqual(await ask('/readdir-subdomains', { directory_ids: [described.uid] }), [
    { directory_id: described.uid, subdomains: [], has_website: false },
  ]);
  assert.deepEqual(await ask('/suggest_apps', { uid }), []);
});
