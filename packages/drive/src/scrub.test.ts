import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { sql } from '@freehold/database';
import { verifies } from '../../../requirements/verifies.ts';
import { openDrive } from './drive.ts';
import { keyStream, sha256Of } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const size = 1_500_000;
const big = (seed: string) => keyStream(seed, size);

function flip(path: string, at: number) {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

test('a flipped, a truncated and a missing file are found, set aside and told; the same content sent again repairs each', async (t) => {
  verifies('drive.scrub', 'drive.damage');
  const told: Record<string, unknown>[] = [];
  const { drive, files } = await temporaryDrive(t, {
    log: (event, fields) => void (event === 'drive.content_damaged' && told.push(fields)),
  });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const write = (name: string) => alice.writeFile({ parent, name, content: big(name), onConflict: 'replace' });
  const [flipped, cut, gone, fine] = [await write('flipped'), await write('cut'), await write('gone'), await write('fine')];
  const pathOf = (cid: string | undefined) => files().find((path) => path.endsWith(`${cid}`)) ?? '';
  const paths = { flipped: pathOf(flipped.cid), cut: pathOf(cut.cid), gone: pathOf(gone.cid) };
  flip(paths.flipped, 700_000);
  truncateSync(paths.cut, 1_000_000);
  rmSync(paths.gone);

  assert.deepEqual(await drive.scrub(), { verified: 1, damaged: 3 });
  assert.deepEqual(
    new Map(told.map(({ cid, problem }) => [cid, problem])),
    new Map([
      [flipped.cid, 'bytes'],
      [cut.cid, 'length'],
      [gone.cid, 'missing'],
    ]),
  );
  assert.ok(existsSync(`${paths.flipped}.corrupted`) && !existsSync(paths.flipped));
  for (const { id } of [flipped, cut, gone])
    await assert.rejects(alice.read(id), { code: 'content_damaged', status: 500, message: /sending the same file again/ });
  await assert.rejects(
    alice.read(flipped.id, { range: { start: 0, end: 10 } }),
    { code: 'content_damaged' },
    'nor the part that may be right',
  );
  assert.equal(await sha256Of((await alice.read(fine.id)).stream), await sha256Of(big('fine')));
  assert.equal((await drive.damage()).length, 3);
  assert.deepEqual(
    new Set((await drive.audit()).map(({ kind, severity }) => `${kind} ${severity}`)),
    new Set(['content_missing lost']),
    'what is set aside is missing',
  );
  await drive.sweep();
  assert.ok(existsSync(`${paths.flipped}.corrupted`), 'what may be rescued from is kept as long as something names it');

  assert.deepEqual(await drive.scrub(), { verified: 1, damaged: 3 });
  assert.equal(told.length, 3, 'each is told once');
  for (const { name, id } of [flipped, cut, gone]) {
    assert.equal((await write(name)).id, id);
    assert.equal(await sha256Of((await alice.read(id)).stream), await sha256Of(big(name)));
  }
  assert.ok(!existsSync(`${paths.flipped}.corrupted`));
  assert.deepEqual(await drive.damage(), []);
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('a file cut short or lost is refused at the first read, before any scrub, and is noted by that', async (t) => {
  verifies('drive.damage');
  const { drive, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  for (const damage of [(path: string) => truncateSync(path, 100_000), (path: string) => rmSync(path)]) {
    const { id } = await alice.writeFile({ parent, name: 'f', content: big('f'), onConflict: 'replace' });
    damage(files()[0] ?? '');
    await assert.rejects(alice.read(id), { code: 'content_damaged' });
    while ((await drive.damage()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(alice.read(id), { code: 'content_damaged' });
    await alice.writeFile({ parent, name: 'elsewhere', content: big('f'), onConflict: 'rename' });
    assert.equal(await sha256Of((await alice.read(id)).stream), await sha256Of(big('f')));
  }
});

test('small content in the database is checked at every read', async (t) => {
  verifies('drive.damage', 'drive.scrub');
  const { drive, database } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const { id, cid = '' } = await alice.writeFile({ parent, name: 'f', content: keyStream('f', 3000) });
  const damage = () => database.transaction((tx) => tx.run(sql`UPDATE blob SET content = ${Buffer.alloc(3000)} WHERE cid = ${cid}`));
  await damage();
  await assert.rejects(alice.read(id), { code: 'content_damaged' });
  while ((await drive.damage()).length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    (await drive.audit({ rehash: true })).map(({ kind }) => kind),
    ['content_damaged'],
  );
  await alice.writeFile({ parent, name: 'again', content: keyStream('f', 3000) });
  assert.equal(await sha256Of((await alice.read(id)).stream), await sha256Of(keyStream('f', 3000)));
  await damage();
  assert.deepEqual(await drive.scrub(), { verified: 0, damaged: 1 });
  await alice.writeFile({ parent, name: 'f', content: keyStream('f', 3000), onConflict: 'replace' });
  assert.deepEqual(await drive.damage(), [], 'the same content over itself repairs it too');
  assert.deepEqual((await alice.versions(id)).length, 0);
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('a damaged version cannot become the present content', async (t) => {
  verifies('drive.damage', 'drive.versions');
  const { drive, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const { id, cid } = await alice.writeFile({ parent, name: 'f', content: big('old') });
  await alice.writeFile({ parent, name: 'f', content: big('new'), onConflict: 'replace' });
  flip(files().find((path) => path.endsWith(`${cid}`)) ?? '', 5);
  await drive.scrub();
  await assert.rejects(alice.readVersion(id, 1), { code: 'content_damaged' });
  await assert.rejects(alice.restoreVersion(id, 1), { code: 'content_damaged' });
  assert.equal(await sha256Of((await alice.read(id)).stream), await sha256Of(big('new')));
  assert.equal((await alice.usage()).used, 2 * size);
});

test('it goes on where it was, over restarts, until every blob had its turn', async (t) => {
  verifies('drive.scrub');
  const { drive, database, directory, clock } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  for (let index = 0; index < 137; index++)
    await alice.writeFile({ parent, name: `${index}`, content: keyStream(`${index}`, index % 10 === 0 ? 70_000 : 100) });
  await database.transaction((tx) => tx.run(sql`UPDATE blob SET verified_at = 0`));
  const left = async () =>
    (await database.read.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM blob WHERE verified_at = 0`))?.count ?? 0;
  let before = await left();
  for (let day = 0; day < 30 && before > 0; day++) {
    const next = openDrive({ database, directory, log: () => {}, now: () => clock.now++ });
    const { verified } = await next.scrub({ share: 1 / 30 });
    await next.stop();
    assert.equal(verified, 5);
    const now = await left();
    assert.ok(now < before, 'no blob has two turns before each had one');
    before = now;
  }
  assert.equal(before, 0);
});
