import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { entry, entryList, toAddress } from '@freehold/protocol';
import { openDatabase } from '@freehold/database';
import { openDrive, type DriveHandle } from '@freehold/drive';
import { mkdir } from 'node:fs/promises';
import type { Context } from './context.ts';
import { expectStatus, openHttpClient, type Answer, type Ask } from './http.ts';
import { measure, type Measured, type Subject } from './measure.ts';
import { createAccount, createPerson } from './person.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { times, type Table } from './table.ts';
import { cpuOf } from './usage.ts';

const rounds = 3;
const small = 4096;
const folderSizes = { middle: 601, large: 10_000 } as const;
const nameOf = (index: number) => `file-${String(index).padStart(5, '0')}.txt`;

/**
 * Puter's self-hosted backend, milliseconds of server processor time for one operation, measured once on a machine like those this is run
 * on (2 processors, shared). It is not run here: its figures stand beside ours as they were.
 */
const puter = {
  write: 11.2,
  overwrite: 6.8,
  stat: 1.1,
  read: 2.1,
  readdirMiddle: 13.8,
  readdirLarge: 360,
  readdirPage: 7,
  readdirPages: 430,
  keyValueSet: 8.4,
  keyValueGet: 8.7,
  mkdir: 4.1,
  rename: 4.5,
  search: 6,
  createEach: 16.6,
  deleteLarge: 2910,
} as const;

type Row = { what: string; puter: number; subject: Subject };

/** What a file operation costs the server over HTTP, in processor time, beside Puter's figure and beside Fastify that says hello. */
export async function driveOperations({ directory, signal }: Context): Promise<Table> {
  const data = join(directory, 'data');
  await mkdir(data, { mode: 0o700 });
  const account = createAccount();
  const filled = await fill({ data, account: toAddress(account.address), signal });

  await using yardstick = await startYardstick({ directory, signal });
  await using node = await startFreehold({ directory, data, signal });
  const http = openHttpClient();
  const person = createPerson({ account, url: node.url, http });
  await person.signIn();
  const headers = person.session();
  const api = `${node.url}/api/drive`;
  const ask = async (path: string, request: Ask, status: number): Promise<Answer> =>
    expectStatus(
      await http.ask(path.startsWith('/') ? `${node.url}${path}` : path, { ...request, headers: { ...headers, ...request.headers } }),
      status,
    );
  const get = (path: string) => ask(`${api}${path}`, {}, 200);
  const sendJson = (method: string, path: string, body: unknown, status: number) =>
    ask(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, status);
  const entryOf = (answer: Answer) => entry.parse(JSON.parse(answer.body.toString()));
  const newFolder = async (name: string) => entryOf(await sendJson('POST', `${api}/folders`, { parent: filled.root, name }, 201)).id;

  let counter = 0;
  const next = () => `new-${counter++}`;
  const target = await newFolder('target');
  const renamed = await newFolder('renamed-0');
  const put = (query: string, status = 201) => ask(`${api}/files?${query}`, { method: 'PUT', body: randomBytes(small) }, status);
  const page = (parent: string, after: string, limit: number) =>
    `/entries?parent=${parent}&limit=${limit}&after=${encodeURIComponent(after)}`;
  async function listAll(parent: string) {
    for (let after: string | null = ''; after !== null;)
      ({ next: after } = entryList.parse(JSON.parse((await get(page(parent, after, 1000))).body.toString())));
  }
  const anyFile = () => filled.ids[Math.floor(Math.random() * filled.ids.length)] ?? '';
  const keyValue = (method: string, args: unknown) =>
    sendJson('POST', '/drivers/call', { interface: 'puter-kvstore', driver: 'puter-kvstore', method, args }, 200);
  await keyValue('set', { key: 'known', value: 'x'.repeat(100) });

  const common = { pid: node.pid };
  const rows: Row[] = [
    {
      what: 'write 4 KiB',
      puter: puter.write,
      subject: { ...common, name: '', sequential: 200, parallel: 600, once: () => put(`parent=${target}&name=${next()}`) },
    },
    {
      what: 'overwrite 4 KiB, with a version',
      puter: puter.overwrite,
      subject: { ...common, name: '', sequential: 200, parallel: 400, once: () => put(`parent=${target}&name=same&onConflict=replace`) },
    },
    {
      what: 'stat by id',
      puter: puter.stat,
      subject: { ...common, name: '', sequential: 500, parallel: 2000, once: () => get(`/entries/${anyFile()}`) },
    },
    {
      what: 'stat by path',
      puter: puter.stat,
      subject: {
        ...common,
        name: '',
        sequential: 500,
        parallel: 2000,
        once: () => get(`/stat?path=/large/${nameOf(Math.floor(Math.random() * folderSizes.large))}`),
      },
    },
    {
      what: 'read 4 KiB',
      puter: puter.read,
      subject: { ...common, name: '', sequential: 500, parallel: 1500, once: () => get(`/files/${anyFile()}/content`) },
    },
    {
      what: 'readdir, 601 entries',
      puter: puter.readdirMiddle,
      subject: { ...common, name: '', sequential: 50, parallel: 100, once: () => get(page(filled.middle, '', 1000)) },
    },
    {
      what: 'readdir, 10,000 entries: all, in pages of 1000',
      puter: puter.readdirPages,
      subject: { ...common, name: '', sequential: 5, parallel: 0, once: () => listAll(filled.large) },
    },
    {
      what: 'readdir, 10,000 entries: first page of 100',
      puter: puter.readdirPage,
      subject: { ...common, name: '', sequential: 200, parallel: 400, once: () => get(page(filled.large, '', 100)) },
    },
    {
      what: 'key-value set',
      puter: puter.keyValueSet,
      subject: {
        ...common,
        name: '',
        sequential: 200,
        parallel: 600,
        once: () => keyValue('set', { key: next(), value: 'x'.repeat(100) }),
      },
    },
    {
      what: 'key-value get',
      puter: puter.keyValueGet,
      subject: { ...common, name: '', sequential: 300, parallel: 1000, once: () => keyValue('get', { key: 'known' }) },
    },
    {
      what: 'mkdir',
      puter: puter.mkdir,
      subject: {
        ...common,
        name: '',
        sequential: 200,
        parallel: 600,
        once: () => sendJson('POST', `${api}/folders`, { parent: target, name: next() }, 201),
      },
    },
    {
      what: 'rename',
      puter: puter.rename,
      subject: {
        ...common,
        name: '',
        sequential: 200,
        parallel: 0,
        once: () => sendJson('PATCH', `${api}/entries/${renamed}`, { name: next() }, 200),
      },
    },
    {
      what: 'search by name among 10,000',
      puter: puter.search,
      subject: {
        ...common,
        name: '',
        sequential: 100,
        parallel: 200,
        once: () => get(`/search?text=${nameOf(Math.floor(Math.random() * folderSizes.large)).slice(5, 10)}&in=names`),
      },
    },
  ];
  // One call of Puter's own, where ours needs pages.
  const whole = () => sendJson('POST', '/readdir', { path: `/${toAddress(account.address)}/large` }, 200);
  if (
    await whole().then(
      () => true,
      () => false,
    )
  )
    rows.splice(6, 0, {
      what: 'readdir, 10,000 entries: all, by /readdir',
      puter: puter.readdirLarge,
      subject: { ...common, name: '', sequential: 5, parallel: 0, once: whole },
    });
  for (const row of rows) row.subject.name = row.what;

  const hello: Subject = {
    name: 'hello',
    sequential: 500,
    parallel: 2000,
    pid: yardstick.pid,
    once: async () => expectStatus(await http.ask(yardstick.hello), 200),
  };
  const measured = await measure([hello, ...rows.map(({ subject }) => subject)], { rounds, signal });
  const batch = await createAndDelete();
  http.close();

  const of = (name: string) => measured.find((one) => one.name === name);
  const line = (what: string, one: Measured | undefined, theirs?: number) => {
    const cpu = (one?.cpu.process ?? Number.NaN) / 1000;
    return [
      what,
      (one?.p50 ?? 0) / 1000,
      (one?.p95 ?? 0) / 1000,
      one && one.rate > 0 ? one.rate : undefined,
      cpu,
      theirs,
      theirs && times(theirs / cpu),
    ];
  };
  return {
    title: 'File operations over HTTP, beside Puter',
    columns: ['', 'p50 ms', 'p95 ms', 'per s at 8', 'CPU ms, server', 'CPU ms, Puter', 'Puter needs'],
    rows: [
      line('hello, Fastify (yardstick)', of('hello')),
      ...rows.map(({ what, puter: theirs }) => line(what, of(what), theirs)),
      [
        'create 10,000 files of 4 KiB, each',
        batch.create.ms,
        undefined,
        1000 / batch.create.ms,
        batch.create.cpu,
        puter.createEach,
        times(puter.createEach / batch.create.cpu),
      ],
      [
        'delete a folder of 10,000 files',
        batch.remove.ms,
        undefined,
        undefined,
        batch.remove.cpu,
        puter.deleteLarge,
        times(puter.deleteLarge / batch.remove.cpu),
      ],
    ],
    notes: [
      'Puter was measured once on a machine like this one and is not run here. "5×" means that it needs five times the processor time of ours.',
      'Every write is flushed to the disk before it is answered.',
    ],
  };

  /** Ten thousand files through the API, eight at a time, and away with them: into the trash, and out of it. */
  async function createAndDelete() {
    const folder = await newFolder('many');
    let left: number = folderSizes.large;
    const create = await costOf(async () => {
      const work = async () => {
        while (left > 0) await put(`parent=${folder}&name=${nameOf(left--)}`);
      };
      await Promise.all(Array.from({ length: 8 }, work));
    });
    const remove = await costOf(async () => {
      await ask(`${api}/entries/${folder}`, { method: 'DELETE' }, 200);
      await ask(`${api}/trash/${folder}`, { method: 'DELETE' }, 204);
    });
    return { create: { ms: create.ms / folderSizes.large, cpu: create.cpu / folderSizes.large }, remove };
  }

  async function costOf(work: () => Promise<void>): Promise<{ ms: number; cpu: number }> {
    const before = cpuOf(node.pid).process;
    const begun = performance.now();
    await work();
    return { ms: performance.now() - begun, cpu: (cpuOf(node.pid).process - before) / 1000 };
  }
}

/** Two folders, made before the node starts: by its API it would take as long as the rest. */
async function fill({ data, account, signal }: { data: string; account: string; signal: AbortSignal }) {
  const database = await openDatabase({ path: join(data, 'freehold.db') });
  const drive = openDrive({ database, directory: join(data, 'drive'), log: () => {} });
  await drive.start();
  const mine = drive.of(account);
  const { id: root } = await mine.root();
  const middle = (await mine.createFolder({ parent: root, name: 'middle' })).id;
  const large = (await mine.createFolder({ parent: root, name: 'large' })).id;
  await fillFolder(mine, middle, folderSizes.middle);
  const ids = await fillFolder(mine, large, folderSizes.large);
  await drive.stop();
  await database.close();
  return { root, middle, large, ids };

  async function fillFolder(handle: DriveHandle, parent: string, count: number): Promise<string[]> {
    const ids: string[] = [];
    let index = 0;
    const write = async () => {
      while (index < count) {
        signal.throwIfAborted();
        const mineNow = index++;
        const content = async function* () {
          yield randomBytes(small);
        };
        ids[mineNow] = (await handle.writeFile({ parent, name: nameOf(mineNow), content: content() })).id;
      }
    };
    await Promise.all(Array.from({ length: 256 }, write));
    return ids;
  }
}
