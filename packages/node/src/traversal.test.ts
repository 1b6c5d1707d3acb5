import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { exchange, forEachOf, requestAt, spotsOf, type Known } from './testing/spots.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';
import { traversals } from './testing/traversals.ts';

const secret = 'canary-of-another-account-5b1f';
const hostSecret = 'canary-of-the-machine-93ac';
/** Fields that hold a path or a name of a file. */
const namesPath =
  /^(\*|path|paths|file|filepath|source|destination|parent|name|new_?name|filename|root_?dir|dest|uid|target|id|key|items|subject|permission|text|label|shortcut_to|wallet|token|cid)$/i;
/** What every field gets of the spellings, besides those that hold a path. */
const someOf = 12;

const outside = mkdtempSync(join(tmpdir(), 'freehold-outside-'));
let node: TestNode;
let victim: Person;
let attacker: Person;
let known: Known;

before(async () => {
  writeFileSync(join(outside, 'secret.txt'), hostSecret);
  node = await startTestNode({ dataDirectory: join(outside, 'data') });
  victim = await node.signIn();
  attacker = await node.letIn(victim, 'member');
  const write = async (person: Person, content: string) => {
    const { id: parent } = await expectJson(await person.fetch('/api/drive/stat?path=/Documents'));
    return expectJson(await person.fetch(`/api/drive/files?parent=${parent}&name=note.txt`, { method: 'PUT', body: content }));
  };
  await write(victim, secret);
  const own = await write(attacker, 'mine');
  const { id: documents } = await expectJson(await attacker.fetch('/api/drive/stat?path=/Documents'));
  known = {
    path: `/${attacker.address}/Documents/note.txt`,
    source: `/${attacker.address}/Documents/note.txt`,
    destination: `/${attacker.address}/Documents`,
    parent: documents,
    id: own.id,
    uid: own.id,
    name: 'fresh',
    wallet: attacker.address,
    holder: attacker.address,
    '*': 'Documents/note.txt',
    number: '1',
  };
});
after(async () => {
  await node.end({ keep: true });
  rmSync(outside, { recursive: true, force: true });
});

/** What ends sessions, erases what the test stands on, or has nothing to do with files. */
const leftOut =
  /logout|\/api\/sessions|revoke-session|\/api\/chain|\/api\/offers|\/api\/programs|\/api\/tasks|\.cgi|\/metrics|DELETE \/api\/drive\/trash$/;

test('no spelling of a path, in any field of any route, leads out of the own drive or breaks the node', async (t) => {
  verifies('drive.traversal');
  const spellings = traversals({
    host: ['/etc/passwd', join(outside, 'secret.txt')],
    foreign: [`/${victim.address}/Documents/note.txt`],
  });
  assert.ok(spellings.length >= 300, `${spellings.length} spellings`);
  const spots = node.routes.filter(({ method, path }) => !leftOut.test(`${method} ${path}`)).flatMap(spotsOf);
  const ofPath = spots.filter(({ name }) => namesPath.test(name));
  assert.ok(ofPath.length > 60, `${ofPath.length} spots take a path or a name`);
  const before = { outside: readdirSync(outside), victim: await contentOf(victim) };

  const attempts = spots.flatMap((spot) => {
    const step = namesPath.test(spot.name) ? 1 : Math.ceil(spellings.length / someOf);
    return spellings.filter((_, index) => index % step === 0).map((value) => ({ spot, value }));
  });
  let answered = 0;
  let refused = 0;
  await forEachOf(attempts, async ({ spot, value }) => {
    const request = requestAt(spot, value, known);
    const authorization = spot.route.dialect === 'gateway' ? undefined : `Bearer ${attacker.token}`;
    const reply = await exchange(node.url, { ...request, headers: { ...request.headers, ...(authorization && { authorization }) } });
    const what = `${request.method} ${spot.route.path}, ${spot.in} ${spot.name} = ${JSON.stringify(value).slice(0, 120)}: ${reply.status}`;
    assert.ok(reply.status < 500, `${what} ${reply.body.slice(0, 300)}`);
    for (const canary of [secret, hostSecret, 'root:x:0:0', 'SQLite format 3'])
      assert.ok(!reply.body.includes(canary) && !reply.headers.includes(canary), `${what} gave away ${canary}`);
    answered += 1;
    if (reply.status >= 400) refused += 1;
  });
  assert.equal(answered, attempts.length);
  t.diagnostic(`${spellings.length} spellings, ${ofPath.length} places that take a path, ${answered} requests`);
  assert.ok(refused > answered / 3, `${refused} of ${answered} were refused`);

  assert.deepEqual(readdirSync(outside), before.outside, 'nothing was written beside the data directory');
  assert.equal(readFileSync(join(outside, 'secret.txt'), 'utf8'), hostSecret);
  assert.equal(await contentOf(victim), before.victim);
  assert.deepEqual((await expectJson(await victim.fetch('/api/drive/audit', { method: 'POST', json: {} }))).findings ?? [], []);
});

async function contentOf(person: Person): Promise<string> {
  const { id } = await expectJson(await person.fetch('/api/drive/stat?path=/Documents/note.txt'));
  return (await person.fetch(`/api/drive/files/${id}/content`)).text();
}

test('the check can fail: the owner of the file finds its content by the same routes', async () => {
  verifies('drive.traversal');
  const [spot] = node.routes.filter(({ method, path }) => method === 'GET' && path === '/dav/*').flatMap(spotsOf);
  assert.ok(spot);
  const request = requestAt(spot, 'Documents/note.txt', known);
  const reply = await exchange(node.url, { ...request, headers: { authorization: `Bearer ${victim.token}` } });
  assert.deepEqual([reply.status, reply.body], [200, secret]);
});
