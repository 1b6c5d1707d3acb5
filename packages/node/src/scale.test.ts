import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { verifies } from '../../../requirements/verifies.ts';
import { newPostgres, noPostgres } from '../../database/src/testing/postgres.ts';
import { openTestBucket, type TestBucket } from '../../drive/src/testing/test-bucket.ts';
import { expectJson, startTestNode, type Person } from './testing/test-node.ts';

const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
const lines = /## When you outgrow one machine[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

/** Another node in a process of its own, started as the README says; `call` speaks to it with a session. */
async function startOther(t: TestContext, { url, bucket }: { url: string; bucket: TestBucket }) {
  const { endpoint, bucket: name, accessKeyId, secretAccessKey, prefix } = bucket.options;
  const directory = mkdtempSync(join(tmpdir(), 'freehold-other-'));
  const main = join(import.meta.dirname, '../../cli/src/main.ts');
  const values: Record<string, string> = {
    DATABASE_URL: url,
    S3_ENDPOINT: endpoint,
    S3_BUCKET: name,
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
  };
  const named = new Set<string>();
  const script = lines
    .replaceAll(/\b([A-Z0-9_]+)=\S+/g, (_, setting: string) => {
      named.add(setting);
      return `${setting}='${values[setting]}'`;
    })
    .replace('./freehold up', `exec ${process.execPath} ${main} up --port 0 --data ${directory} --json`);
  assert.deepEqual(named, new Set(Object.keys(values)), 'the README names every setting that is needed');
  const child: ChildProcess = spawn('bash', ['-c', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: directory, S3_PREFIX: prefix },
  });
  const log: string[] = [];
  child.stderr?.on('data', (text: Buffer) => log.push(text.toString()));
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    // Its test chain outlives it, for the next start to find.
    const record = join(directory, 'chain', 'process.json');
    if (existsSync(record)) process.kill(JSON.parse(readFileSync(record, 'utf8')).pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  assert(child.stdout);
  let said = '';
  for await (const line of createInterface({ input: child.stdout })) {
    said += line;
    if (line === '}') break;
  }
  assert.notEqual(said, '', log.join(''));
  const { url: address } = JSON.parse(said);
  return {
    log,
    call: (person: Person, path: string, init: RequestInit = {}) =>
      fetch(new URL(path, address), {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${person.token}` },
      }),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const large = (letter: string) => letter.repeat(200_000);

test('two nodes on one PostgreSQL and one bucket are one cloud', { skip: noPostgres }, async (t) => {
  verifies('drive.scale.nodes', 'drive.scale.settings');
  const bucket = await openTestBucket();
  t.after(() => bucket.close());
  const url = await newPostgres();
  const here = await startTestNode({ databaseUrl: url, bucket: { ...bucket.options, prefix: bucket.options.prefix ?? '' } });
  t.after(() => here.end());
  const other = await startOther(t, { url, bucket });

  const owner = await here.signIn();
  const root = (await expectJson(await other.call(owner, '/api/drive/root'))).id;
  assert.equal(root, (await expectJson(await owner.fetch('/api/drive/root'))).id, 'signed in on one, known on the other');
  for (let turns = 0; !(await expectJson(await other.call(owner, '/api/node'))).claimed; turns++) {
    assert.ok(turns < 100, 'the other node hears that the node was claimed');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const socket = new WebSocket(new URL('/api/events', here.url.replace('http', 'ws')), {
    headers: { authorization: `Bearer ${owner.token}` },
  });
  const heard: string[] = [];
  socket.on('message', (data) => heard.push((data as Buffer).toString()));
  await once(socket, 'message');
  const put = (name: string, body: string) => ({ path: `/api/drive/files?parent=${root}&name=${name}`, init: { method: 'PUT', body } });
  const writeThere = ({ path, init }: ReturnType<typeof put>) => other.call(owner, path, init);
  const writeHere = ({ path, init }: ReturnType<typeof put>) => owner.fetch(path, init);
  for (const [name, body] of [
    ['small', 'hello'],
    ['large', large('a')],
  ] as const) {
    const { id } = await expectJson(await writeThere(put(name, body)));
    assert.equal(await (await owner.fetch(`/api/drive/files/${id}/content`)).text(), body, 'written there, read here at once');
    for (let turns = 0; !heard.some((event) => event.includes(id)); turns++) {
      assert.ok(turns < 500, 'a window here hears of it');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  socket.close();
  assert.equal(bucket.files().length, 1);

  for (let round = 0; round < 20; round++) {
    const file = (letter: string) => put(`race-${round}`, round % 2 ? large(letter) : letter);
    const answers = await Promise.all([writeHere(file('h')), writeThere(file('t'))]);
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [201, 409],
      `round ${round}`,
    );
  }
  const audit = async () =>
    (
      await expectJson(
        await owner.fetch('/api/drive/audit', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"rehash":true}' }),
      )
    ).findings;
  assert.deepEqual(await audit(), []);

  const acknowledged: string[] = [];
  const writing = (async () => {
    for (let index = 0; ; index++) {
      const answer = await writeThere(put(`late-${index}`, large(`${index % 10}`))).catch(() => undefined);
      if (!answer?.ok) return;
      const entry: { id?: string } | undefined = await expectJson(answer).catch(() => undefined);
      if (entry?.id) acknowledged.push(entry.id);
    }
  })();
  while (acknowledged.length < 5) await new Promise((resolve) => setTimeout(resolve, 10));
  await other.kill();
  await writing;
  for (const id of acknowledged) assert.equal((await owner.fetch(`/api/drive/files/${id}/content`)).status, 200);
  assert.equal((await writeHere(put('after', large('z')))).status, 201, 'the one that is left goes on');
  assert.deepEqual(await audit(), []);
  assert.equal((await expectJson(await owner.fetch('/api/health'))).checks.storage.ok, true);

  const told = [...here.log, ...other.log].join('');
  assert.ok(!told.includes(bucket.options.secretAccessKey) && !told.includes('password'), 'no secret in a log');
});

test('a second node with files of its own on one PostgreSQL is refused', { skip: noPostgres }, async () => {
  verifies('drive.scale.nodes');
  const url = await newPostgres();
  const first = await startTestNode({ databaseUrl: url });
  await assert.rejects(startTestNode({ databaseUrl: url }), { code: 'content_elsewhere', message: /set S3_ENDPOINT/ });
  const { dataDirectory } = first;
  await first.end({ keep: true });
  const again = await startTestNode({ databaseUrl: url, dataDirectory });
  await again.end();
});
