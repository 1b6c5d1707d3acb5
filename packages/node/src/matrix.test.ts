import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { io as connect } from 'socket.io-client';
import { WebSocket } from 'ws';
import { verifies } from '../../../requirements/verifies.ts';
import { uidOfId } from './http/uid.ts';
import { exchange, forEachOf, requestAt, spotsOf, type Known, type Spot } from './testing/spots.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

/** Something of Alice that only some may know. Every string in `marks` gives it away. */
type Kind = 'by id' | 'by CID' | 'by path';
type Secret = { what: string; id: string; marks: string[]; handles: Record<Kind, string[]> };
type Actor = { who: string; token: string | undefined; /** What it may know. */ knows: readonly string[]; known: Known };

let node: TestNode;
let alice: Person;
const secrets: Secret[] = [];
const kinds: readonly Kind[] = ['by id', 'by CID', 'by path'];

const json = async (person: Person, path: string, init?: Parameters<Person['fetch']>[1]) => expectJson(await person.fetch(path, init));
const post = (person: Person, path: string, body: object) => json(person, path, { method: 'POST', json: body });

async function folder(person: Person, parent: string, name: string): Promise<string> {
  return (await post(person, '/api/drive/folders', { parent, name })).id;
}
async function file(person: Person, parent: string, name: string, body: string) {
  return json(person, `/api/drive/files?parent=${parent}&name=${name}&onConflict=replace`, { method: 'PUT', body });
}
const at = async (person: Person, path: string): Promise<string> => (await json(person, `/api/drive/stat?path=${path}`)).id;

/** A file of Alice in a folder of hers, with an earlier content. Its names and contents stand nowhere else. */
async function hide(what: string, parent: string, folderPath: string): Promise<Secret> {
  const word = what.replaceAll(' ', '-');
  const vault = await folder(alice, parent, `vault-${word}`);
  const before = await file(alice, vault, `name-${word}.txt`, `earlier content of ${word}`);
  const { id, cid } = await file(alice, vault, `name-${word}.txt`, `present content of ${word}`);
  const path = `${folderPath}/vault-${word}/name-${word}.txt`;
  return {
    what,
    id,
    marks: [`content of ${word}`, `name-${word}`, `vault-${word}`, before.cid, cid, id, uidOfId(id), vault, uidOfId(vault)],
    handles: {
      'by id': [id, uidOfId(id), vault, uidOfId(vault), `fs:${uidOfId(id)}:read`],
      'by CID': [cid, before.cid],
      'by path': [
        path,
        path.slice(1),
        `~${path}`,
        `/${alice.address}${path}`,
        `/${alice.address.toLowerCase()}${path}`,
        `${alice.address}${path}`,
        `/${alice.address}${folderPath}/vault-${word}`,
        `/${alice.address}`,
        alice.address,
        `name-${word}`,
      ],
    },
  };
}

const appOf = (person: Person, origin: string) => post(person, '/auth/get-user-app-token', { origin });

async function knownOf(person: Person, holder: string): Promise<Known> {
  const parent = await at(person, '/Documents');
  const own = await file(person, parent, 'own.txt', 'own');
  return {
    path: `/${person.address}/Documents/own.txt`,
    source: `/${person.address}/Documents/own.txt`,
    destination: `/${person.address}/Documents`,
    parent,
    id: own.id,
    uid: uidOfId(own.id),
    number: '1',
    name: 'fresh',
    holder,
    wallet: person.address,
    '*': 'Documents/own.txt',
  };
}

/** Everybody who is not Alice herself; new ones for each kind of handle, since they write down what they are told to ask for. */
async function strangers(): Promise<Actor[]> {
  const [bob, guest] = [await node.letIn(alice, 'member'), await node.letIn(alice, 'guest')];
  const { token: ofBob } = await appOf(bob, 'https://one.example');
  const [bobs, guests] = [await knownOf(bob, guest.address), await knownOf(guest, bob.address)];
  return [
    { who: 'Bob', token: bob.token, knows: [], known: bobs },
    { who: 'a guest', token: guest.token, knows: [], known: guests },
    { who: 'an app of Bob', token: ofBob, knows: [], known: bobs },
    { who: 'a stranger', token: undefined, knows: [], known: bobs },
  ];
}

/** What acts for Alice with less than all of her rights. */
const delegates: Actor[] = [];

before(async () => {
  node = await startTestNode();
  alice = await node.signIn();
  const [one, two] = [await appOf(alice, 'https://one.example'), await appOf(alice, 'https://two.example')];
  const documents = await at(alice, '/Documents');
  const appData = await at(alice, '/AppData');
  for (const [what, { app_uid: uid }] of [
    ['of app one', one],
    ['of app two', two],
  ] as const)
    secrets.push(await hide(what, await folder(alice, appData, uid), `/AppData/${uid}`));
  secrets.push(await hide('private', documents, '/Documents'), await hide('granted', documents, '/Documents'));
  const trashed = await hide('in the trash', documents, '/Documents');
  secrets.push(trashed);
  await json(alice, `/api/drive/entries/${trashed.id}`, { method: 'DELETE' });
  const granted = secrets.find(({ what }) => what === 'granted')?.id ?? '';
  const key = await post(alice, '/auth/create-access-token', { permissions: [`fs:${uidOfId(granted)}:read`] });
  const known = await knownOf(alice, alice.address);
  delegates.push(
    { who: 'app one of Alice', token: one.token, knows: ['of app one'], known },
    { who: 'app two of Alice', token: two.token, knows: ['of app two'], known },
    { who: 'the holder of an access token', token: key.token, knows: ['granted'], known },
    { who: 'Alice', token: alice.token, knows: secrets.map(({ what }) => what), known },
  );
});
after(() => node.end());

/** What ends a session, or has nothing to do with files. */
const leftOut = /logout|\/api\/sessions|revoke-session|\/api\/chain|\/api\/programs|\.cgi|\/metrics|storage\/limit/;
/** What an app may do to its account besides files: Alice's own apps would otherwise erase what the test stands on. */
const erases = /DELETE|\/delete$|trash|\/move$|\/rename$|\/writeFile|revoke|PATCH|restore|COPY|MOVE|LOCK|MKCOL|PROPPATCH|PUT/;

async function ask(spot: Spot, handle: string, { token, known }: Actor) {
  const request = requestAt(spot, handle, known);
  const reply = await exchange(node.url, {
    ...request,
    headers: { ...request.headers, ...(token !== undefined && spot.route.dialect !== 'gateway' && { authorization: `Bearer ${token}` }) },
  });
  // What the request says already is not given away by an answer that says it again.
  const said = decodeURIComponent(`${request.path} ${request.headers['destination'] ?? ''} ${request.body ?? ''}`);
  const told = `${reply.headers} ${reply.body}`;
  return { reply, gives: (mark: string) => told.includes(mark) && !said.includes(mark) };
}

const state = async () => {
  const { entries } = await json(alice, `/api/drive/entries?parent=${await at(alice, '/Documents')}`);
  const contents = await Promise.all(secrets.map(async ({ id }) => (await alice.fetch(`/api/drive/files/${id}/content`)).text()));
  return { names: entries.map(({ name }: { name: string }) => name), contents, links: await json(alice, '/api/drive/links') };
};

/** Each actor meets each route, but not with each secret by each spelling: these take turns, for which the step must divide none of their numbers. */
const step = process.env['FREEHOLD_LONG'] ? 1 : 7;
const drawnFrom = (_: unknown, index: number) => index % step === 0;

for (const kind of kinds)
  test(`nobody learns ${kind} of what is not its own or given to it, at any route`, async (t) => {
    verifies('drive.matrix', 'cloud.isolation');
    const spots = node.routes.filter(({ method, path }) => !leftOut.test(`${method} ${path}`)).flatMap(spotsOf);
    const actors = [...(await strangers()), ...delegates];
    const before = await state();
    const attempts = secrets.flatMap((secret) => {
      const handles = secret.handles[kind];
      // What a handle itself says, an actor may have written down somewhere and find again.
      const marks = secret.marks.filter((mark) => !handles.some((handle) => handle.includes(mark)));
      assert.ok(marks.length >= 2);
      return actors
        .filter(({ knows }) => !knows.includes(secret.what))
        .flatMap((actor) => spots.flatMap((spot) => handles.map((handle) => ({ what: secret.what, marks, actor, spot, handle }))));
    });
    const drawn = attempts.filter(drawnFrom);
    await forEachOf(drawn, async ({ what, marks, actor, spot, handle }) => {
      const { reply, gives } = await ask(spot, handle, actor);
      const asked = `${actor.who} asks ${spot.route.method} ${spot.route.path} with ${spot.in} ${spot.name} = ${handle}: ${reply.status}`;
      assert.ok(reply.status < 500, `${asked} ${reply.body.slice(0, 300)}`);
      for (const mark of marks) assert.ok(!gives(mark), `${asked} tells "${mark}" of what is ${what}: ${reply.body.slice(0, 300)}`);
    });
    assert.deepEqual(await state(), before, 'and nothing of hers was changed');
    t.diagnostic(`${drawn.length} requests: ${secrets.length} secrets, ${actors.length} actors, ${spots.length} places`);
  });

test('the matrix can fail: whoever may know a secret is told of it by the same requests', async (t) => {
  verifies('drive.matrix');
  const spots = node.routes
    .filter(({ method, path }) => !leftOut.test(`${method} ${path}`) && !erases.test(`${method} ${path}`))
    .flatMap(spotsOf);
  for (const actor of delegates) {
    const told = new Set<string>();
    const attempts = secrets
      .filter(({ what }) => actor.knows.includes(what))
      .flatMap(({ marks, handles }) =>
        spots.flatMap((spot) => Object.values(handles).flatMap((some) => some.map((handle) => ({ marks, spot, handle })))),
      );
    await forEachOf(attempts.filter(drawnFrom), async ({ marks, spot, handle }) => {
      const { gives } = await ask(spot, handle, actor);
      if (marks.some(gives)) told.add(`${spot.route.method} ${spot.route.path}`);
    });
    t.diagnostic(`${actor.who} is told by ${told.size} routes`);
    assert.ok(told.size >= (actor.who === 'Alice' ? 8 : 1), `${actor.who} is told by ${[...told].join(', ') || 'no route'}`);
  }
});

test('sockets tell each actor of what it may know, and nothing else', async (t) => {
  verifies('drive.matrix');
  const actors = [...(await strangers()), ...delegates];
  const heard = new Map<string, string[]>(actors.map(({ who }) => [who, []]));
  const open = (who: string, url: string, options: Parameters<typeof connect>[1]) => {
    const socket = connect(url, { transports: ['websocket'], reconnection: false, forceNew: true, ...options });
    t.after(() => socket.close());
    socket.onAny((...event: unknown[]) => heard.get(who)?.push(JSON.stringify(event)));
    return new Promise<boolean>((resolve) => socket.on('connect', () => resolve(true)).on('connect_error', () => resolve(false)));
  };
  const joined = await Promise.all(actors.map(({ who, token }) => open(who, node.url, { auth: { auth_token: token } })));
  assert.deepEqual(
    actors.filter((_, index) => !joined[index]).map(({ who }) => who),
    ['a stranger', 'the holder of an access token'],
    'a token for requests opens no socket',
  );
  for (const { who, token } of actors.filter(({ token }) => token !== undefined)) {
    const events = new WebSocket(new URL('/api/events', node.url.replace('http', 'ws')), { headers: { authorization: `Bearer ${token}` } });
    t.after(() => events.terminate());
    events.on('message', (data: Buffer) => heard.get(who)?.push(data.toString('utf8')));
    await new Promise((resolve) => events.on('open', resolve).on('error', resolve));
  }

  for (const { id, what } of secrets.filter(({ what }) => what !== 'in the trash')) {
    const { parent, name } = await json(alice, `/api/drive/entries/${id}`);
    await file(alice, parent, name, `newest content of ${what}`);
    await file(alice, parent, `beside-${name}`, `another content of ${what}`);
    await json(alice, `/api/drive/entries/${id}`, { method: 'PATCH', json: { name: `new-${name}` } });
    await json(alice, `/api/drive/entries/${id}`, { method: 'PATCH', json: { name } });
  }
  const knows = ({ knows }: Actor) => secrets.filter(({ what }) => knows.includes(what) && what !== 'in the trash');
  const isTold = (actor: Actor) =>
    knows(actor).every(({ marks }) => heard.get(actor.who)?.some((event) => marks.some((mark) => event.includes(mark))));
  const waiting = actors.filter(({ who, knows }) => knows.length > 0 && who !== 'the holder of an access token');
  for (let tries = 0; tries < 100 && !waiting.every(isTold); tries++) await setTimeout(100);
  assert.deepEqual(
    waiting.filter((actor) => !isTold(actor)).map(({ who }) => who),
    [],
    'whoever may know hears of it',
  );
  await setTimeout(500);
  for (const actor of actors)
    for (const { what, marks } of secrets.filter(({ what }) => !actor.knows.includes(what)))
      for (const mark of marks)
        assert.ok(!heard.get(actor.who)?.some((event) => event.includes(mark)), `${actor.who} heard "${mark}" of what is ${what}`);
});
