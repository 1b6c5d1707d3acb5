import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { openDrive, type DriveHandle } from '@freehold/drive';
import { entry, entryList, toAddress } from '@freehold/protocol';
import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { measure, ratio, type Measured, type Subject } from './measure.ts';
import { openFileYardstick, openTableYardstick } from './tree-yardsticks.ts';
import { createAccount, createPerson } from './person.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { times, type Table } from './table.ts';

const rounds = 3;
const writers = 256;
const path = ['photos', '2026', 'all'];
const nameOf = (index: number) => `picture-${String(index).padStart(6, '0')}.txt`;

type Filled = { folder: string; ids: string[]; seconds: number };

/** One folder with many files: looking at one, listing all, renaming it; by the drive itself and through HTTP. */
export async function tree({ directory, entries, signal }: Context): Promise<Table> {
  const data = join(directory, 'data');
  await mkdir(data, { mode: 0o700 });
  const http = openHttpClient();
  const anyName = () => nameOf(Math.floor(Math.random() * entries));
  const files = openFileYardstick({ directory: join(directory, 'files'), count: entries, nameOf });
  const table = openTableYardstick({ path: join(directory, 'table.db'), count: entries, nameOf });
  await using yardstick = await startYardstick({ directory, signal });

  // The wallet is known before the node is, so that its drive can be filled while nothing else runs.
  const account = createAccount();
  const database = await openDatabase({ path: join(data, 'freehold.db') });
  const drive = openDrive({ database, directory: join(data, 'drive'), log: () => {} });
  await drive.start();
  const mine = drive.of(toAddress(account.address));
  const { folder, ids, seconds } = await fill(mine, entries, signal);
  const anyId = () => ids[Math.floor(Math.random() * ids.length)] ?? folder;
  let turn = 0;
  const nextName = () => `all${++turn % 2 === 0 ? '' : '-renamed'}`;

  const direct = await measure(
    [
      { name: 'fs.stat', sequential: 2000, parallel: 0, once: () => files.stat(anyName()) },
      { name: 'SQLite lookup', sequential: 2000, parallel: 0, once: () => table.lookUp(Math.floor(Math.random() * entries)) },
      { name: 'stat by id', sequential: 2000, parallel: 0, once: () => mine.entry(anyId()) },
      { name: 'stat by path', sequential: 1000, parallel: 0, once: () => mine.stat(`/${path.join('/')}/${anyName()}`) },
      { name: 'fs list', sequential: 1, parallel: 0, once: () => files.list() },
      { name: 'SQLite page', sequential: 50, parallel: 0, once: () => table.page(anyName(), 200) },
      { name: 'page', sequential: 50, parallel: 0, once: () => mine.list({ parent: folder, after: anyName(), limit: 200 }) },
      { name: 'list', sequential: 1, parallel: 0, once: () => listAll((after) => mine.list({ parent: folder, after, limit: 1000 })) },
      { name: 'fs rename', sequential: 20, parallel: 0, once: () => files.rename() },
      // An even number, so that the folder has its name again afterwards.
      { name: 'rename', sequential: 20, parallel: 0, once: () => mine.move({ id: folder, name: nextName() }) },
    ] satisfies Subject[],
    { rounds, signal },
  );
  table.close();
  await drive.stop();
  await database.close();

  await using node = await startFreehold({ directory, data, signal });
  const person = createPerson({ account, url: node.url, http });
  await person.signIn();
  const headers = person.session();
  const api = `${node.url}/api/drive`;
  const get = async (url: string) => expectStatus(await http.ask(url, { headers }), 200).body;
  const pageUrl = (after: string, limit: number) => `${api}/entries?parent=${folder}&limit=${limit}&after=${encodeURIComponent(after)}`;
  const common = { pid: node.pid };
  const remote = await measure(
    [
      {
        name: 'hello',
        sequential: 300,
        parallel: 1000,
        pid: yardstick.pid,
        once: async () => expectStatus(await http.ask(yardstick.hello), 200),
      },
      { ...common, name: 'stat by id', sequential: 300, parallel: 1000, once: () => get(`${api}/entries/${anyId()}`) },
      {
        ...common,
        name: 'stat by path',
        sequential: 300,
        parallel: 1000,
        once: () => get(`${api}/stat?path=/${path.join('/')}/${anyName()}`),
      },
      { ...common, name: 'page', sequential: 50, parallel: 160, once: () => get(pageUrl(anyName(), 200)) },
      {
        ...common,
        name: 'list',
        sequential: 1,
        parallel: 0,
        once: () => listAll(async (after) => entryList.parse(JSON.parse((await get(pageUrl(after, 1000))).toString()))),
      },
      {
        ...common,
        name: 'rename',
        sequential: 20,
        parallel: 0,
        async once() {
          const body = JSON.stringify({ name: nextName() });
          const ask = { method: 'PATCH', headers: { ...headers, 'content-type': 'application/json' }, body };
          return entry.parse(JSON.parse(expectStatus(await http.ask(`${api}/entries/${folder}`, ask), 200).body.toString()));
        },
      },
    ] satisfies Subject[],
    { rounds, signal },
  );
  http.close();

  const of = (list: Measured[], name: string) => list.find((one) => one.name === name);
  const rows = ([what, list, name, yardstickName, size = 1]: Row) => {
    const one = of(list, name);
    const beside = yardstickName === undefined ? undefined : of(list, yardstickName);
    const each = one && (1_000_000 * size) / one.p50;
    const rate = one && one.rate > 0 ? one.rate * size : each;
    return [what, one?.p50, one?.p99, rate, one?.cpu.process, beside && `${times(ratio(one, beside))} ${yardstickName}`];
  };
  return {
    title: `A folder of ${entries.toLocaleString('en-US')} files`,
    columns: ['', 'p50 µs', 'p99 µs', 'entries/s', 'CPU µs, server', 'of its yardstick'],
    rows: [
      ['create, drive, 256 at a time', (seconds * 1e6) / entries, undefined, entries / seconds],
      ...(
        [
          ['stat, fs.stat', direct, 'fs.stat', undefined],
          ['stat, a bare SQLite lookup', direct, 'SQLite lookup', undefined],
          ['stat by id, drive', direct, 'stat by id', 'SQLite lookup'],
          ['stat by path of 4 names, drive', direct, 'stat by path', 'fs.stat'],
          ['stat by id, HTTP', remote, 'stat by id', 'hello'],
          ['stat by path of 4 names, HTTP', remote, 'stat by path', 'hello'],
          ['hello, Fastify', remote, 'hello', undefined],
          ['page of 200, a bare SQLite query', direct, 'SQLite page', undefined, 200],
          ['page of 200, drive', direct, 'page', 'SQLite page', 200],
          ['page of 200, HTTP', remote, 'page', 'hello', 200],
          ['list all, fs.readdir and a stat of each', direct, 'fs list', undefined, entries],
          ['list all in pages of 1,000, drive', direct, 'list', 'fs list', entries],
          ['list all in pages of 1,000, HTTP', remote, 'list', undefined, entries],
          ['rename the folder, fs.rename and a flush', direct, 'fs rename', undefined],
          ['rename the folder, drive', direct, 'rename', 'fs rename'],
          ['rename the folder, HTTP', remote, 'rename', undefined],
        ] satisfies Row[]
      ).map(rows),
    ],
    notes: [
      'Entries per second are those of eight requests at a time for stat, page and hello through HTTP, of one at a time for the rest.',
      'A rename is durable when it is answered: it waits for the disk, as the flush of its yardstick does.',
    ],
  };
}

/** What is printed, where it was measured, its name there, its yardstick's name, and how many entries one operation gives. */
type Row = readonly [what: string, list: Measured[], name: string, yardstick: string | undefined, size?: number];

/** Through the drive's own door: by the API it would take minutes, most of them HTTP. */
async function fill(drive: DriveHandle, count: number, signal: AbortSignal): Promise<Filled> {
  let folder = (await drive.root()).id;
  for (const name of path) folder = (await drive.createFolder({ parent: folder, name })).id;
  const ids: string[] = [];
  let next = 0;
  const begun = performance.now();
  async function write() {
    while (next < count) {
      signal.throwIfAborted();
      const index = next++;
      const content = async function* () {
        yield Buffer.from(`The content of picture ${index}\n`);
      };
      ids[index] = (await drive.writeFile({ parent: folder, name: nameOf(index), content: content() })).id;
    }
  }
  await Promise.all(Array.from({ length: writers }, write));
  return { folder, ids, seconds: (performance.now() - begun) / 1000 };
}

type AnyPage = { entries: readonly unknown[]; next?: string | null };

/** Pages through to the end; answers how many there are. */
async function listAll(page: (after: string) => Promise<AnyPage>): Promise<number> {
  let count = 0;
  let after: string | null | undefined = '';
  while (after !== undefined && after !== null) {
    const { entries, next }: AnyPage = await page(after);
    count += entries.length;
    after = next;
  }
  return count;
}
