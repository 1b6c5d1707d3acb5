import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { openPuter } from '../../testing/puter-sdk.ts';
import { startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let puter: ReturnType<typeof openPuter>;
let home: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  home = `/${owner.address}`;
  puter = openPuter(node.url, owner.token);
});
after(async () => {
  puter.close();
  await node.end();
});

/** What the SDK answers, which runs in a realm of its own, as plain data of this one. */
// oxlint-disable-next-line typescript/no-explicit-any -- test answers are looked into freely; the assertions say what they must be
const plain = async (promise: Promise<unknown>): Promise<any> => JSON.parse(JSON.stringify(await promise));
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
const namesIn = async (promise: Promise<unknown>): Promise<string[]> => (await plain(promise)).map(({ name }: { name: string }) => name);

const write = (path: string, content: string) => puter.fs.write(path, content);

test('the SDK makes folders, looks, reads, copies, moves, renames and deletes', async () => {
  verifies('drive.puter.sdk', 'cloud.files.crud');
  const dir = `${home}/sdk`;
  const first = await plain(puter.fs.mkdir('sdk'));
  assert.deepEqual([first.path, first.is_dir], [dir, true]);
  assert.equal((await plain(puter.fs.mkdir(dir))).uid, first.uid);
  assert.equal((await plain(puter.fs.mkdir(dir, { dedupeName: true }))).name, 'sdk (1)');
  assert.equal((await plain(puter.fs.mkdir(`${dir}/x/y/z`, { createMissingParents: true }))).path, `${dir}/x/y/z`);
  await write(`${dir}/ünï cödé 文.txt`, 'content');
  assert.equal(await (await puter.fs.read(`${dir}/ünï cödé 文.txt`)).text(), 'content');
  assert.equal(await (await puter.fs.read({ path: 'sdk/ünï cödé 文.txt', offset: 3, byte_count: 2 })).text(), 'te');
  const info = await plain(
    puter.fs.stat('~/sdk/ünï cödé 文.txt', { returnVersions: true, returnSubdomains: true, returnPermissions: true }),
  );
  assert.deepEqual([info.name, info.size, info.versions, info.subdomains], ['ünï cödé 文.txt', 7, [], []]);
  assert.equal((await plain(puter.fs.stat({ uid: info.uid }))).path, info.path);
  assert.ok((await plain(puter.fs.stat(dir, { returnSize: true }))).size >= 7);

  const [{ copied }] = await plain(puter.fs.copy(info.path, `${dir}/x`));
  assert.equal(copied.path, `${dir}/x/${info.name}`);
  assert.equal(await codeOf(puter.fs.copy(info.path, `${dir}/x`)), 'item_with_same_name_exists');
  assert.equal((await plain(puter.fs.copy(info.path, `${dir}/x`, { dedupeName: true })))[0].copied.name, 'ünï cödé 文 (1).txt');
  assert.equal((await plain(puter.fs.move(info.path, `${dir}/plain.txt`))).moved.path, `${dir}/plain.txt`);
  assert.equal((await plain(puter.fs.move(`${dir}/plain.txt`, `${dir}/x`))).moved.path, `${dir}/x/plain.txt`);
  assert.equal((await plain(puter.fs.rename(`${dir}/x/plain.txt`, 'renamed.txt'))).name, 'renamed.txt');
  assert.equal(await codeOf(puter.fs.rename(`${dir}/x/renamed.txt`, copied.name)), 'conflict');
  await puter.fs.delete(`${dir}/x/renamed.txt`);
  assert.equal(await codeOf(puter.fs.stat(`${dir}/x/renamed.txt`)), 'subject_does_not_exist');
  await puter.fs.delete(`${dir}/x`, { descendantsOnly: true });
  assert.deepEqual(await namesIn(puter.fs.readdir(`${dir}/x`)), []);
  assert.equal(await codeOf(puter.fs.delete(`${home}/Documents`)), 'forbidden');
  assert.equal(await codeOf(puter.fs.read(dir)), 'cannot_read_a_directory');
  const space = await plain(puter.fs.space());
  assert.ok(space.capacity > space.used);
});

test('the SDK lists: all of it, slices, pages, streams of pages, trees, and the trash', async () => {
  verifies('drive.puter.sdk');
  const dir = `${home}/listed`;
  await puter.fs.mkdir(dir);
  const all = ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt'];
  for (const name of all) await write(`${dir}/${name}`, name);
  assert.deepEqual(await namesIn(puter.fs.readdir(dir)), all);
  assert.deepEqual(await namesIn(puter.fs.readdir(dir, { limit: 2, sortBy: 'name', sortOrder: 'desc' })), ['e.txt', 'd.txt']);
  const streamed: string[] = [];
  for await (const page of puter.fs.readdir({ path: dir, limit: 2, stream: true }) as AsyncIterable<{ items: { name: string }[] }>)
    streamed.push(...page.items.map(({ name }) => name));
  assert.deepEqual(streamed, all);
  const page = await plain(puter.fs.readdir({ path: dir, limit: 1, cursor: null, includeTotal: true }));
  assert.deepEqual([page.items.length, page.total], [1, 5]);
  const inner = `${home}/AppData/some-app/inner`;
  await puter.fs.mkdir(inner, { createMissingParents: true });
  await write(`${inner}/data.json`, '{}');
  const [entry] = await plain(puter.fs.readdir(inner));
  assert.deepEqual(
    [entry.appdata_app, entry.dirname, entry.is_dir, entry.is_shortcut, entry.writable, entry.subdomains, entry.has_website, entry.uid],
    ['some-app', inner, false, 0, true, [], false, entry.uuid],
  );
  const { uid } = await plain(puter.fs.stat(`${dir}/a.txt`));
  await puter.fs.move({ source: uid, destination: `${home}/Trash`, newName: uid, newMetadata: { original_name: 'a.txt' } });
  const [thrown] = await plain(puter.fs.readdir(`${home}/Trash`));
  assert.deepEqual([thrown.name, JSON.parse(thrown.metadata).original_name], [uid, 'a.txt']);
  await puter.fs.move({ source: `${home}/Trash/${uid}`, destination: dir, newName: 'a.txt', newMetadata: {} });
  assert.deepEqual(await namesIn(puter.fs.readdir({ uid: (await plain(puter.fs.stat(dir))).uid })), all);
  const sdk = puter.fs as unknown as { getCacheTimestamp(): Promise<number> };
  assert.ok((await sdk.getCacheTimestamp()) > 0);
});
