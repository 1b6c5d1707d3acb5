import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from '@freehold/database';
import * as fc from 'fast-check';
import { verifies } from '../../../../requirements/verifies.ts';
import { openDrive } from '../drive.ts';
import type { DriveHandle } from '../index.ts';
import { textStream } from '../testing/key-stream.ts';
import { temporaryDrive } from '../testing/temporary-drive.ts';
import { wordsOf } from './searching.ts';
import { foldName } from './fold.ts';
import { answers } from './grams.ts';

const write = (handle: DriveHandle, parent: string, name: string) => handle.writeFile({ parent, name, content: textStream('x') });

async function findAll(handle: DriveHandle, text: string, limit = 1000): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await handle.search({ text, after, limit });
    names.push(...page.entries.map(({ name }) => name));
    after = page.next;
  } while (after !== undefined);
  return names;
}

test('names are found by parts of them, whatever the case, the accents and the writing', async (t) => {
  verifies('drive.search.names');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const decomposed = 'Cafe\u0301 Menü.txt';
  for (const name of [
    'Résumé 2026.PDF',
    '東京タワー.jpg',
    'party 🎉 time.txt',
    'Straße.md',
    'ΟΔΟΣ.doc',
    'ＦＵＬＬ.txt',
    '한국어 노래.mp3',
    decomposed,
  ])
    await write(alice, root, name);
  for (const [text, ...expected] of [
    ['resume', 'Résumé 2026.PDF'],
    ['RÉSUMÉ', 'Résumé 2026.PDF'],
    ['sumé 202', 'Résumé 2026.PDF'],
    ['2026 rés', 'Résumé 2026.PDF'],
    ['東京', '東京タワー.jpg'],
    ['京', '東京タワー.jpg'],
    ['ワー.j', '東京タワー.jpg'],
    ['🎉', 'party 🎉 time.txt'],
    ['strasse', 'Straße.md'],
    ['straße', 'Straße.md'],
    ['οδος', 'ΟΔΟΣ.doc'],
    ['οδοσ', 'ΟΔΟΣ.doc'],
    ['full', 'ＦＵＬＬ.txt'],
    ['국어', '한국어 노래.mp3'],
    ['café', decomposed],
    ['CAFE\u0301', decomposed],
    ['menu', decomposed],
    ['md', 'Straße.md'],
    ['p', 'party 🎉 time.txt'],
    ['ti', 'party 🎉 time.txt'],
    ['im'],
    ['nothing'],
    ['  '],
    [''],
  ] as const)
    assert.deepEqual(await findAll(alice, text), expected, text);
  const [found] = (await alice.search({ text: 'resume' })).entries;
  assert.equal(found?.path, '/Résumé 2026.PDF');
});

test('signs that mean something to a database are only signs', async (t) => {
  verifies('drive.search.names');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const names = [
    '100%_sure.txt',
    '"a" OR "b".txt',
    'NEAR(x y).txt',
    "it's; DROP TABLE entry--.txt",
    'back\\slash^*.txt',
    'grams:col.txt',
    'plain.txt',
  ];
  for (const name of names) await write(alice, root, name);
  for (const [text, ...expected] of [
    ['%_s', '100%_sure.txt'],
    ['%%%'],
    ['___'],
    ['"a" OR', '"a" OR "b".txt'],
    ['OR', '"a" OR "b".txt'],
    ['near(x', 'NEAR(x y).txt'],
    ["'s; drop", "it's; DROP TABLE entry--.txt"],
    ['\\slash^*', 'back\\slash^*.txt'],
    ['grams:c', 'grams:col.txt'],
    ['pla*'],
    ['"pla"'],
    ['plain NOT txt'],
    ['pl\u0000ain', 'plain.txt'],
    ['\ud800plain'],
    ['//p'],
  ] as const)
    assert.deepEqual(await findAll(alice, text), expected, text);
});

test('the index says what comparing all names says, after any changes', async (t) => {
  verifies('drive.search.names', 'drive.search.trash');
  const { drive } = await temporaryDrive(t);
  let count = 0;
  const letters = fc.constantFrom('a', 'b', 'A', 'é', '東', '京', '🎉', ' ', '-', '.', '%', '"');
  const text = fc
    .string({ unit: letters, minLength: 1, maxLength: 7 })
    .filter((value) => value.trim() !== '' && value !== '.' && value !== '..');
  const step = fc.tuple(fc.constantFrom('add', 'add', 'folder', 'rename', 'move', 'trash', 'restore', 'delete'), fc.nat(), fc.nat(), text);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.array(text, { minLength: 5, maxLength: 5 }), async (steps, questions) => {
      const handle = drive.of(`person ${++count}`);
      const { id: root } = await handle.root();
      const folders = [root];
      const ids: string[] = [];
      for (const [action, a, b, name] of steps) {
        const id = ids[a % ids.length] ?? '';
        const parent = folders[b % folders.length] ?? root;
        const act = async () => {
          if (action === 'add') ids.push((await write(handle, parent, name)).id);
          else if (action === 'folder') {
            const made = await handle.createFolder({ parent, name });
            ids.push(made.id);
            folders.push(made.id);
          } else if (action === 'rename') await handle.rename(id, name);
          else if (action === 'move') await handle.move({ id, parent });
          else if (action === 'trash') await handle.trash(id);
          else if (action === 'restore') await handle.restore(id);
          else await handle.deleteForever(id);
        };
        // Refusals (a name that is taken, a folder into itself) are part of the play.
        await act().catch((error: unknown) => assert.ok(error instanceof Error && error.name === 'DriveError', String(error)));
      }
      const live = await everyName(handle, root);
      for (const question of questions) {
        const words = wordsOf(question);
        const expected = live.filter((name) => answers(foldName(name), words)).sort();
        assert.deepEqual((await findAll(handle, question, 2)).sort(), expected, question);
      }
    }),
    { numRuns: 60 },
  );
});

async function everyName(handle: DriveHandle, parent: string): Promise<string[]> {
  const { entries } = await handle.list({ parent, limit: 1000 });
  const below = await Promise.all(entries.filter(({ kind }) => kind === 'folder').map(({ id }) => everyName(handle, id)));
  return [...entries.map(({ name }) => name), ...below.flat()];
}

test('what lies in a folder of the trash is not found, and found again when the folder is back', async (t) => {
  verifies('drive.search.trash');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const outer = await alice.createFolder({ parent: root, name: 'outer' });
  const inner = await alice.createFolder({ parent: outer.id, name: 'inner' });
  for (let index = 0; index < 20; index++) await write(alice, inner.id, `needle ${index}`);
  await write(alice, root, 'needle outside');
  await alice.trash(outer.id);
  assert.deepEqual(await findAll(alice, 'needle'), ['needle outside']);
  assert.deepEqual(await findAll(alice, 'outer'), []);
  await alice.restore(outer.id);
  assert.equal((await findAll(alice, 'needle', 3)).length, 21);
  await alice.deleteForever(outer.id);
  assert.deepEqual(await findAll(alice, 'needle'), ['needle outside']);
});

test('names that begin with the word come first, then the others, each newest first, in pages that lose and repeat nothing', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  for (const name of ['report 1', 'my report', 'report 2', 'old report', 'reporter', 'rep']) await write(alice, root, name);
  const expected = ['reporter', 'report 2', 'report 1', 'old report', 'my report'];
  for (const limit of [1, 2, 3, 100]) assert.deepEqual(await findAll(alice, 'report', limit), expected);
  for (const after of ['x', 'first.', 'rest.1e9', '1'])
    await assert.rejects(alice.search({ text: 'report', after }), { code: 'cursor_invalid' });
});

test('a search finds nothing of another drive, also where both have the same words', async (t) => {
  verifies('drive.search.isolation');
  const { drive } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  await write(alice, (await alice.root()).id, 'shared word of alice');
  await write(bob, (await bob.root()).id, 'shared word of bob');
  assert.deepEqual(await findAll(alice, 'shared word'), ['shared word of alice']);
  assert.deepEqual(await findAll(bob, 'shared word'), ['shared word of bob']);
  assert.deepEqual(await findAll(bob, 'alice'), []);
});

test('names from before there was a search are folded at the next start', async (t) => {
  const { drive, database, directory } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id } = await write(alice, (await alice.root()).id, 'ÄLTER');
  await database.transaction((tx) => tx.run(sql`UPDATE entry SET folded = NULL WHERE id = ${id}`));
  assert.deepEqual(await findAll(alice, 'älter'), []);
  await drive.stop();
  const next = openDrive({ database, directory, log: () => {} });
  await next.start();
  t.after(() => next.stop());
  const again = next.of('alice');
  for (let turn = 0; turn < 200 && (await findAll(again, 'älter')).length === 0; turn++) await sleep(10);
  assert.deepEqual(await findAll(again, 'älter'), ['ÄLTER']);
});

test('the audit finds an index that does not agree with the names, and makes it anew', async (t) => {
  verifies('drive.search.names');
  const { drive, database } = await temporaryDrive(t);
  if (database.dialect !== 'sqlite') return t.skip('PostgreSQL keeps its indexes itself');
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  for (const name of ['one', 'two', 'Drei']) await write(alice, root, name);
  assert.deepEqual(await drive.audit(), []);
  for (const damage of [
    sql`DELETE FROM name_gram WHERE rowid = (SELECT number FROM entry WHERE name = 'two')`,
    sql`INSERT INTO name_gram (rowid, grams) VALUES (4711, 'x')`,
  ]) {
    await database.transaction((tx) => tx.run(damage));
    assert.ok((await drive.audit()).some(({ kind, repairable }) => kind === 'index_corrupt' && repairable));
    await drive.audit({ repair: true });
    assert.deepEqual(await drive.audit(), []);
    for (const name of ['one', 'two', 'Drei']) assert.deepEqual(await findAll(alice, name), [name]);
  }
});
