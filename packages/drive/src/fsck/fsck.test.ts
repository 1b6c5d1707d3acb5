import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { openDatabase, sql, type Statement } from '@freehold/database';
import { verifies } from '../../../../requirements/verifies.ts';
import { blobFolder } from '../cid.ts';
import { openDrive, type Drive, type DriveHandle } from '../index.ts';
import { keyStream, sha256Of, textStream } from '../testing/key-stream.ts';
import { temporaryDrive, type TemporaryDrive } from '../testing/temporary-drive.ts';
import type { Finding, FindingKind } from './finding.ts';

/** A drive with folders, files large and small, versions and trash; and another beside it. */
async function furnished(t: TestContext) {
  const temporary = await temporaryDrive(t, { options: { grace: 0 } });
  const [alice, bob] = [temporary.drive.of('alice'), temporary.drive.of('bob')];
  const furnish = async (handle: DriveHandle) => {
    const { id: root } = await handle.root();
    const outer = await handle.createFolder({ parent: root, name: 'outer' });
    const inner = await handle.createFolder({ parent: outer.id, name: 'inner' });
    const deep = await handle.createFolder({ parent: inner.id, name: 'deep' });
    const small = await handle.writeFile({ parent: inner.id, name: 'small', content: textStream('first') });
    await handle.writeFile({ parent: inner.id, name: 'small', content: textStream('second'), onConflict: 'replace' });
    const large = await handle.writeFile({ parent: deep.id, name: 'large', content: keyStream('large', 1_500_000) });
    const trashed = await handle.createFolder({ parent: outer.id, name: 'trashed' });
    await handle.writeFile({ parent: trashed.id, name: 'below', content: textStream('below') });
    await handle.trash(trashed.id);
    return { root, outer: outer.id, inner: inner.id, deep: deep.id, small: small.id, large: large.id, largeCid: large.cid ?? '' };
  };
  const ids = await furnish(alice);
  return { ...temporary, alice, bob, ids, foreign: await furnish(bob), ...damagerOf(temporary) };
}
type Scene = Awaited<ReturnType<typeof furnished>>;

function damagerOf({ database, directory }: TemporaryDrive) {
  const driveOf = async (account: string) =>
    (await database.read.get<{ id: string }>(sql`SELECT id FROM drive WHERE account = ${account}`))?.id ?? '';
  return {
    driveOf,
    run: (...statements: Statement[]) =>
      database.transaction(async (tx) => {
        for (const statement of statements) await tx.run(statement);
      }),
    pathOf: (cid: string) => join(directory, 'blobs', ...blobFolder(cid), cid),
  };
}

const kindsOf = (findings: Finding[]) => [...new Set(findings.map(({ kind }) => kind))].sort();
const everything = async (handle: DriveHandle) => {
  const contents: string[] = [];
  const walk = async (parent: string) => {
    for (const entry of (await handle.list({ parent, limit: 1000 })).entries) {
      if (entry.kind === 'folder') await walk(entry.id);
      else contents.push(await sha256Of((await handle.read(entry.id)).stream));
      for (const { number } of entry.kind === 'file' ? await handle.versions(entry.id) : [])
        contents.push(await sha256Of((await handle.readVersion(entry.id, number)).stream));
    }
  };
  await walk((await handle.root()).id);
  return contents.sort();
};

/** How each inconsistency is made, and what must be found; after the repair all is as it was, or at least nothing of a user is lost. */
const repairable: Record<
  string,
  { finds: FindingKind[]; damage: (scene: Scene) => Promise<unknown>; after?: (scene: Scene) => Promise<void> }
> = {
  'used bytes': {
    finds: ['usage_miscounted'],
    damage: ({ run }) => run(sql`UPDATE drive SET used = 5`),
    after: async ({ alice }) => assert.equal((await alice.usage()).used, 5 + 6 + 1_500_000 + 5),
  },
  'references too many': { finds: ['references_miscounted'], damage: ({ run }) => run(sql`UPDATE blob SET refs = 7`) },
  'references lost': {
    finds: ['references_miscounted'],
    damage: ({ run }) => run(sql`UPDATE blob SET refs = 0, zero_at = 1`),
  },
  'content that would never be collected': {
    finds: ['unused_misdated'],
    damage: async ({ alice, ids, run }) => {
      await alice.deleteForever(ids.small);
      await run(sql`UPDATE blob SET zero_at = 1 WHERE refs > 0`);
    },
  },
  'a folder that is gone above a folder': {
    finds: ['entry_unreachable'],
    damage: ({ run, ids }) => run(sql`DELETE FROM entry WHERE id = ${ids.outer}`),
    after: async ({ alice }) => assert.equal((await alice.stat('/Recovered/inner/deep/large')).size, 1_500_000),
  },
  'a file in a file': {
    finds: ['entry_unreachable'],
    damage: ({ run, ids }) => run(sql`UPDATE entry SET parent = ${ids.small} WHERE id = ${ids.large}`),
    after: async ({ alice, ids }) => assert.equal((await alice.stat('/Recovered/large')).id, ids.large),
  },
  'a folder in a folder of another drive': {
    finds: ['entry_unreachable'],
    damage: ({ run, ids, foreign }) => run(sql`UPDATE entry SET parent = ${foreign.outer} WHERE id = ${ids.inner}`),
    after: async ({ alice, bob }) => {
      assert.equal((await alice.stat('/Recovered/inner/small')).size, 6);
      assert.equal((await bob.list({ parent: (await bob.stat('/outer')).id })).entries.length, 1);
    },
  },
  'an entry in no folder': {
    finds: ['entry_unreachable'],
    damage: ({ run, ids }) => run(sql`UPDATE entry SET parent = NULL WHERE id = ${ids.inner}`),
  },
  'two folders in each other': {
    finds: ['entry_circular'],
    damage: ({ run, ids }) => run(sql`UPDATE entry SET parent = ${ids.deep} WHERE id = ${ids.outer}`),
    after: async ({ alice, ids }) =>
      assert.equal((await alice.list({ parent: (await alice.stat('/Recovered')).id })).entries.length, 1, ids.outer),
  },
  'a folder in itself': {
    finds: ['entry_circular'],
    damage: ({ run, ids }) => run(sql`UPDATE entry SET parent = id WHERE id = ${ids.inner}`),
    after: async ({ alice }) => assert.equal((await alice.stat('/Recovered/inner/deep/large')).size, 1_500_000),
  },
  'a missing root': {
    finds: ['root_missing', 'entry_unreachable'],
    damage: ({ run, ids }) => run(sql`DELETE FROM entry WHERE id = ${ids.root}`),
  },
  'a name taken twice': {
    finds: ['name_duplicate'],
    damage: async ({ run, ids }) =>
      run(
        sql`DROP INDEX entry_name`,
        sql`UPDATE entry SET name = 'small', name_key = 'small', parent = ${ids.inner} WHERE id = ${ids.large}`,
      ),
    after: async ({ alice, ids }) => assert.equal((await alice.stat('/outer/inner/small (2)')).id, ids.large),
  },
  'a name that cannot be found': {
    finds: ['name_key_wrong'],
    damage: ({ run, ids }) => run(sql`UPDATE entry SET name_key = 'elsewhere' WHERE id = ${ids.small}`),
    after: async ({ alice, ids }) => assert.equal((await alice.stat('/outer/inner/small')).id, ids.small),
  },
  'versions of a file that is gone': {
    finds: ['version_stray', 'usage_miscounted', 'references_miscounted'],
    damage: ({ run, ids }) => run(sql`DELETE FROM entry WHERE id = ${ids.small}`),
    after: async ({ alice, ids }) => assert.equal((await alice.stat(`/Recovered/Version 1 of ${ids.small}`)).size, 5),
  },
  'a version counted for another drive': {
    finds: ['version_stray', 'usage_miscounted'],
    damage: async ({ run, ids, driveOf }) => run(sql`UPDATE version SET drive = ${await driveOf('bob')} WHERE entry = ${ids.small}`),
  },
  'an unfinished deletion': {
    finds: ['deletion_unfinished'],
    damage: async ({ run, ids, driveOf }) =>
      run(
        sql`DELETE FROM entry WHERE id = ${ids.outer}`,
        sql`INSERT INTO doomed (folder, drive) VALUES (${ids.outer}, ${await driveOf('alice')})`,
      ),
    after: ({ alice, ids }) => assert.rejects(alice.entry(ids.large), { code: 'entry_not_found' }),
  },
  'a folder marked to be deleted that is there': {
    finds: ['deletion_wrong'],
    damage: async ({ run, ids, driveOf }) => run(sql`INSERT INTO doomed (folder, drive) VALUES (${ids.inner}, ${await driveOf('alice')})`),
    after: async ({ alice, ids }) => assert.equal((await alice.entry(ids.large)).size, 1_500_000),
  },
  'content without a row whose file is there': {
    finds: ['content_unknown'],
    damage: async ({ run, ids, drive, files }) => {
      await run(sql`DELETE FROM blob WHERE cid = ${ids.largeCid}`);
      assert.deepEqual(await drive.sweep(), { orphans: 0, collected: 0 });
      assert.equal(files().length, 1, 'a sweep leaves what something names');
    },
  },
  'a size that is not that of the content': {
    finds: ['size_wrong', 'usage_miscounted'],
    damage: ({ run, ids }) =>
      run(sql`UPDATE entry SET size = 1 WHERE id = ${ids.large}`, sql`UPDATE version SET size = 2 WHERE entry = ${ids.small}`),
    after: async ({ alice, ids }) => assert.equal((await alice.entry(ids.large)).size, 1_500_000),
  },
  'a gap in the changes': { finds: ['feed_broken'], damage: ({ run }) => run(sql`DELETE FROM change WHERE seq = 3`) },
  'changes with numbers not yet counted': {
    finds: ['feed_broken'],
    damage: ({ run }) => run(sql`UPDATE drive SET seq = 2`),
    after: async ({ alice, ids }) => {
      assert.equal((await alice.changes(2)).reset, true, 'whoever follows lists anew');
      const seen = await alice.latest();
      await alice.rename(ids.small, 'renamed');
      assert.equal((await alice.changes(seen)).changes.length, 1);
    },
  },
  'files that nothing names': {
    finds: ['file_orphan', 'upload_leftover'],
    damage: async ({ directory, pathOf }) => {
      const orphan = pathOf('bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64');
      mkdirSync(dirname(orphan), { recursive: true });
      for (const path of [orphan, `${orphan}.corrupted`, join(directory, 'uploads', 'half')]) writeFileSync(path, 'x');
    },
    after: async ({ files }) => assert.equal(files().length, 1),
  },
  'content noted as damaged that is right': { finds: ['content_recovered'], damage: ({ run }) => run(sql`UPDATE blob SET damaged_at = 1`) },
};

for (const [name, { finds, damage, after }] of Object.entries(repairable)) {
  test(`found, explained and repaired: ${name}`, async (t) => {
    verifies('drive.fsck');
    const scene = await furnished(t);
    const { drive, alice } = scene;
    assert.deepEqual(await drive.audit({ rehash: true }), [], 'all is well before');
    const before = await everything(alice);
    await damage(scene);
    const found = await drive.audit({ rehash: true });
    for (const kind of finds) assert.ok(kindsOf(found).includes(kind), `${kind} in ${kindsOf(found).join()}`);
    assert.ok(
      found.every(({ message, repairable }) => repairable && /^[A-Z"\d/].*\.$/s.test(message)),
      JSON.stringify(found),
    );

    const repaired = await drive.audit({ rehash: true, repair: true });
    assert.ok(repaired.length > 0 && repaired.every((finding) => finding.repaired));
    assert.deepEqual(await drive.audit({ rehash: true }), [], 'a second run finds nothing');
    await after?.(scene);
    const kept = await everything(alice);
    const lost = before.filter((content) => !kept.includes(content));
    if (!/gone$|unfinished|never be collected/.test(name)) assert.deepEqual(lost, [], 'nothing of a user is lost');
  });
}

test('lost bytes are told with the names of their files, and nothing pretends to repair them', async (t) => {
  verifies('drive.fsck', 'drive.damage');
  for (const [kind, damage] of [
    ['content_missing', (path: string) => rmSync(path)],
    ['content_truncated', (path: string) => truncateSync(path, 5)],
    ['content_damaged', (path: string) => writeFileSync(path, Buffer.alloc(1_500_000))],
  ] as const) {
    const { drive, alice, ids, pathOf } = await furnished(t);
    damage(pathOf(ids.largeCid));
    const [finding, ...others] = await drive.audit({ rehash: true });
    assert.deepEqual(others, []);
    assert.deepEqual([finding?.kind, finding?.severity, finding?.repairable, finding?.cid], [kind, 'lost', false, ids.largeCid]);
    assert.match(finding?.message ?? '', /"large" .*(Send the same file again|backup)/);
    const [left] = await drive.audit({ rehash: true, repair: true });
    assert.deepEqual([left?.kind, left?.repaired], [kind, undefined]);
    await assert.rejects(alice.read(ids.large), { code: 'content_damaged' });
    await alice.writeFile({ parent: ids.root, name: 'again', content: keyStream('large', 1_500_000) });
    assert.deepEqual(await drive.audit({ rehash: true }), []);
    assert.equal(await sha256Of((await alice.read(ids.large)).stream), await sha256Of(keyStream('large', 1_500_000)));
  }
});

test('content that is nowhere becomes content that is known to be missing: its name and place stay', async (t) => {
  verifies('drive.fsck');
  const { drive, alice, ids, run, pathOf } = await furnished(t);
  await run(sql`DELETE FROM blob WHERE cid = ${ids.largeCid}`);
  rmSync(pathOf(ids.largeCid));
  await drive.audit({ repair: true });
  assert.deepEqual(
    (await drive.audit({ rehash: true })).map(({ kind, severity }) => [kind, severity]),
    [['content_missing', 'lost']],
  );
  await assert.rejects(alice.read(ids.large), { code: 'content_damaged' });
  await alice.writeFile({ parent: ids.root, name: 'again', content: keyStream('large', 1_500_000) });
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('what is not ours is told and left alone', async (t) => {
  verifies('drive.fsck');
  const { drive, directory, files } = await furnished(t);
  for (const path of ['notes.txt', '.DS_Store']) writeFileSync(join(directory, 'blobs', path), 'x');
  const found = await drive.audit({ repair: true });
  assert.deepEqual(
    found.map(({ kind, severity, repairable }) => [kind, severity, repairable]),
    [
      ['file_foreign', 'notice', false],
      ['file_foreign', 'notice', false],
    ],
  );
  assert.equal(files().filter((path) => /notes|DS_Store/.test(path)).length, 2);
});

test('more of a kind than are told at once are all repaired', async (t) => {
  verifies('drive.fsck');
  const { drive, database, alice, ids } = await furnished(t);
  const folder = await alice.createFolder({ parent: ids.root, name: 'many' });
  for (let index = 0; index < 450; index++) await alice.writeFile({ parent: folder.id, name: `${index}`, content: textStream(`${index}`) });
  await database.transaction(async (tx) => {
    await tx.run(sql`DELETE FROM entry WHERE id = ${folder.id}`);
    await tx.run(sql`UPDATE blob SET refs = 9`);
  });
  assert.equal((await drive.audit()).filter(({ kind }) => kind === 'entry_unreachable').length, 200);
  await drive.audit({ repair: true });
  assert.deepEqual(await drive.audit({ rehash: true }), []);
  assert.equal((await alice.list({ parent: (await alice.stat('/Recovered')).id, limit: 1000 })).entries.length, 450);
});

test('rows that refer to nothing, an index that lost a row, and a page that is garbage', async (t) => {
  verifies('drive.fsck');
  const directory = mkdtempSync(join(tmpdir(), 'freehold-fsck-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'node.db');
  const name = 'a name that stands nowhere else';
  async function withDrive<Result>(work: (drive: Drive) => Promise<Result>): Promise<Result> {
    const database = await openDatabase({ path });
    const drive = openDrive({ database, directory, log: () => {} });
    await drive.start();
    try {
      return await work(drive);
    } finally {
      await drive.stop();
      await database.close();
    }
  }
  await withDrive(async (drive) => {
    const alice = drive.of('alice');
    await alice.writeFile({ parent: (await alice.root()).id, name, content: textStream('x') });
  });

  const raw = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  raw.exec(`INSERT INTO doomed (folder, drive) VALUES ('nobody', 'nowhere')`);
  raw.close();
  const references = await withDrive((drive) => drive.audit({ repair: true }));
  assert.match(references.find(({ kind }) => kind === 'foreign_key')?.message ?? '', /1 rows of the table doomed refer to rows of drive/);
  const again = new DatabaseSync(path);
  again.exec(`DELETE FROM doomed`);
  again.close();

  const bytes = readFileSync(path);
  // In the table the name stands twice in a row, as name and as key; in the index once.
  const inTable = bytes.indexOf(name + name);
  let inIndex = bytes.indexOf(name);
  while (inIndex === inTable || inIndex === inTable + name.length) inIndex = bytes.indexOf(name, inIndex + 1);
  bytes.write('b', inIndex);
  writeFileSync(path, bytes);
  const [finding] = await withDrive((drive) => drive.audit());
  assert.deepEqual([finding?.kind, finding?.repairable], ['index_corrupt', true]);
  assert.ok((await withDrive((drive) => drive.audit({ repair: true })))[0]?.repaired);
  assert.deepEqual(await withDrive((drive) => drive.audit()), []);
  await withDrive(async (drive) => assert.equal((await drive.of('alice').stat(`/${name}`)).size, 1));

  const broken = readFileSync(path);
  broken.fill(0xff, broken.indexOf(name + name) - 200, broken.indexOf(name + name) + 100);
  writeFileSync(path, broken);
  const found = await withDrive((drive) => drive.audit({ repair: true }));
  assert.ok(
    found.some(({ kind, severity }) => kind === 'database_corrupt' && severity === 'lost'),
    JSON.stringify(found),
  );
});

test('it can be stopped, and tells how far it is', async (t) => {
  verifies('drive.fsck');
  const { drive } = await furnished(t);
  const told: string[] = [];
  const stop = new AbortController();
  const running = drive.audit({
    signal: stop.signal,
    onProgress: ({ check, done }) => {
      told.push(check);
      if (done === 5) stop.abort(new Error('enough'));
    },
  });
  await assert.rejects(running, /enough/);
  assert.equal(told.length, 6);
});
