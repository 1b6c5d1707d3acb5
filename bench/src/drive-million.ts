import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, sql, type Sql } from '@freehold/database';
import { openDrive } from '@freehold/drive';
import { toAddress } from '@freehold/protocol';
import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { measure, type Subject } from './measure.ts';
import { createAccount, createPerson } from './person.ts';
import { startFreehold } from './servers.ts';
import type { Table } from './table.ts';

const rounds = 3;
const total = 1_000_000;
/** Two levels of folders: 20 with 50 each, 1000 files in every one of those. */
const outer = 20;
const inner = 50;
const files = total / (outer * inner);
const slice = 10_000;
const target = 20;
const words = ['holiday', 'invoice', 'letter', 'meeting', 'picture', 'receipt', 'report', 'song', 'table', 'travel'];
const nameOf = (index: number) => `${words[index % words.length]}-${index.toString(36).padStart(5, '0')}.txt`;

/** One account with a million entries: what a person does often must not become slower for that. */
export async function driveMillion({ directory, signal }: Context): Promise<Table> {
  const data = join(directory, 'data');
  await mkdir(data, { mode: 0o700 });
  const account = createAccount();
  const owner = toAddress(account.address);
  const database = await openDatabase({ path: join(data, 'freehold.db') });
  const drive = openDrive({ database, directory: join(data, 'drive'), log: () => {} });
  await drive.start();
  const mine = drive.of(owner);
  const { id: root } = await mine.root();
  const begun = performance.now();
  const { folders, subtree } = await insertMillion(root);
  const seconds = (performance.now() - begun) / 1000;

  const anyFolder = () => folders[Math.floor(Math.random() * folders.length)] ?? root;
  const anyIndex = () => Math.floor(Math.random() * (total - inner * files));
  let turn = 0;
  const direct: Subject[] = [
    { name: 'stat by id', sequential: 1000, parallel: 0, once: () => mine.entry(idOf(anyIndex())) },
    { name: 'stat by path of 3 names', sequential: 1000, parallel: 0, once: () => mine.stat(pathOf(anyIndex())) },
    { name: 'page of 200 of a folder', sequential: 300, parallel: 0, once: () => mine.list({ parent: anyFolder(), limit: 200 }) },
    { name: 'rename of a folder with 50,000 entries', sequential: 100, parallel: 0, once: () => mine.rename(subtree, `renamed-${turn++}`) },
    {
      name: 'move of a folder with 50,000 entries',
      sequential: 100,
      parallel: 0,
      once: () => mine.move({ id: subtree, parent: turn++ % 2 === 0 ? (folders[0] ?? root) : root }),
    },
    {
      name: 'search: a name that is there once',
      sequential: 200,
      parallel: 0,
      once: () => mine.search({ text: nameOf(anyIndex()), in: 'names' }),
    },
    {
      name: 'search: a word that 100,000 names hold',
      sequential: 100,
      parallel: 0,
      once: () => mine.search({ text: words[turn++ % words.length] ?? '', in: 'names' }),
    },
    {
      name: 'search: three letters',
      sequential: 100,
      parallel: 0,
      once: () => mine.search({ text: anyIndex().toString(36).padStart(5, '0').slice(1, 4), in: 'names' }),
    },
    {
      name: 'search: a name that is nowhere',
      sequential: 100,
      parallel: 0,
      once: () => mine.search({ text: 'zebra crossing', in: 'names' }),
    },
    { name: 'create a folder', sequential: 100, parallel: 0, once: () => mine.createFolder({ parent: root, name: `made-${turn++}` }) },
  ];
  const measured = await measure(direct, { rounds, signal });
  await drive.stop();
  await database.close();

  await using node = await startFreehold({ directory, data, signal });
  const http = openHttpClient();
  const person = createPerson({ account, url: node.url, http });
  await person.signIn();
  const headers = person.session();
  const get = async (path: string) => expectStatus(await http.ask(`${node.url}/api/drive${path}`, { headers }), 200);
  const remote = await measure(
    [
      { name: 'stat by path', sequential: 500, parallel: 0, pid: node.pid, once: () => get(`/stat?path=${pathOf(anyIndex())}`) },
      { name: 'page of 200', sequential: 200, parallel: 0, pid: node.pid, once: () => get(`/entries?parent=${anyFolder()}&limit=200`) },
      {
        name: 'search by name',
        sequential: 100,
        parallel: 0,
        pid: node.pid,
        once: () => get(`/search?text=${nameOf(anyIndex())}&in=names`),
      },
    ],
    { rounds, signal },
  );
  http.close();

  const row = (prefix: string) => (one: (typeof measured)[number]) =>
    [`${prefix}${one.name}`, one.p50 / 1000, one.p95 / 1000, target, one.p95 / 1000 <= target ? 'yes' : 'NO'] as const;
  return {
    title: 'One account with 1,000,000 entries',
    columns: ['', 'p50 ms', 'p95 ms', 'target p95 ms', 'met'],
    rows: [...measured.map(row('')), ...remote.map(row('HTTP: '))],
    notes: [
      `The rows were inserted in ${seconds.toFixed(0)} s by SQL in transactions of ${slice.toLocaleString('en-US')}, search index included.`,
      'Rename, move and create wait for the disk; the rest is answered from memory where it is warm.',
    ],
  };

  function idOf(index: number): string {
    return index.toString(16).padStart(32, '0');
  }
  function pathOf(index: number): string {
    const folder = Math.floor(index / files);
    return `/outer-${Math.floor(folder / inner)}/inner-${folder % inner}/${nameOf(index)}`;
  }

  async function insertMillion(top: string) {
    const { id: drive } = (await database.read.get<{ id: string }>(sql`SELECT id FROM drive WHERE root = ${top}`)) ?? { id: '' };
    const small = await mine.writeFile({ parent: top, name: 'content', content: once(Buffer.from('x')) });
    const cid = small.cid ?? '';
    const made: string[] = [];
    const insert = (tx: Sql, { id, parent, name, file }: { id: string; parent: string; name: string; file: boolean }) =>
      tx.run(sql`INSERT INTO entry (id, drive, parent, name, name_key, folded, kind, size, cid, media_type, created_at, modified_at)
        VALUES (${id}, ${drive}, ${parent}, ${name}, ${name}, ${name}, ${file ? 'file' : 'folder'}, ${file ? 1 : 0}, ${file ? cid : null}, ${file ? 'text/plain' : null}, 0, 0)`);
    await database.transaction(async (tx) => {
      for (let first = 0; first < outer; first++) {
        const above = randomBytes(16).toString('hex');
        await insert(tx, { id: above, parent: top, name: `outer-${first}`, file: false });
        for (let second = 0; second < inner; second++) {
          const id = randomBytes(16).toString('hex');
          made.push(id);
          await insert(tx, { id, parent: above, name: `inner-${second}`, file: false });
        }
      }
    });
    for (let start = 0; start < total; start += slice) {
      signal.throwIfAborted();
      await database.transaction(async (tx) => {
        for (let index = start; index < start + slice; index++)
          await insert(tx, { id: idOf(index), parent: made[Math.floor(index / files)] ?? top, name: nameOf(index), file: true });
      });
    }
    await database.transaction(async (tx) => {
      await tx.run(sql`UPDATE blob SET refs = refs + ${total} WHERE cid = ${cid}`);
      // All have one content, which needs no looking into a million times.
      await tx.run(sql`DELETE FROM underived`);
      await tx.run(sql`UPDATE drive SET used = used + ${total} WHERE id = ${drive}`);
    });
    // The last one, so that the paths of the others stay as they are while it is renamed.
    const last = await mine.stat(`/outer-${outer - 1}`);
    return { folders: made.slice(0, (outer - 1) * inner), subtree: last.id };
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}
