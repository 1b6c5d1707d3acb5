import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { entry } from '@freehold/protocol';
import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { createPerson } from './person.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { median, medianRatio } from './statistics.ts';
import { times, type Table } from './table.ts';
import { cpuOf, residentOf, watchPeak } from './usage.ts';

const rounds = 3;
const mebibyte = 1024 * 1024;

type Way = { name: string; pid?: number; once: () => Promise<void> };
type Book = { way: Way; seconds: number[]; cpuUs: number; before: number[]; peak: number[] };

/** One large file up and down, beside a copy of it on the same disk and beside plain node:http. */
export async function transfer({ directory, sizeMiB, signal }: Context): Promise<Table> {
  const bytes = sizeMiB * mebibyte;
  const file = join(directory, 'file');
  await writeRandomFile(file, sizeMiB);
  await using yardstick = await startYardstick({ directory, file, signal });
  await using node = await startFreehold({ directory, signal });
  const http = openHttpClient();
  const person = createPerson({ url: node.url, http });
  await person.signIn();
  const root = entry.parse(
    JSON.parse(expectStatus(await http.ask(`${node.url}/api/drive/root`, { headers: person.session() }), 200).body.toString()),
  );

  const send = async (url: string, headers: Record<string, string>) => {
    const body = createReadStream(file, { highWaterMark: mebibyte });
    return expectStatus(await http.ask(url, { method: 'PUT', headers: { ...headers, 'content-length': String(bytes) }, body }), 201);
  };
  const fetch = async (url: string, headers: Record<string, string>) => {
    const received = await http.drain(url, { headers });
    if (received !== bytes) throw new Error(`${url} gave ${received} bytes of ${bytes}`);
  };
  let uploads = 0;
  let copies = 0;
  let uploaded = '';
  const ways: Way[] = [
    // A new file each time, as an upload is: writing over an old one finds its memory and its place on the disk ready.
    { name: 'copy (fs.copyFile, flushed)', once: () => copyFlushed(file, `${file}.copy-${copies++}`) },
    { name: 'sha256 of the file', once: () => hash(file) },
    { name: 'upload, plain node:http, flushed', pid: yardstick.pid, once: async () => void (await send(yardstick.file, {})) },
    {
      name: 'upload, Freehold',
      pid: node.pid,
      async once() {
        const url = `${node.url}/api/drive/files?parent=${root.id}&name=file-${uploads++}`;
        uploaded = entry.parse(JSON.parse((await send(url, person.session())).body.toString())).id;
      },
    },
    { name: 'download, plain node:http', pid: yardstick.pid, once: () => fetch(yardstick.file, {}) },
    { name: 'download, Freehold', pid: node.pid, once: () => fetch(`${node.url}/api/drive/files/${uploaded}/content`, person.session()) },
  ];
  const books: Book[] = ways.map((way) => ({ way, seconds: [], cpuUs: 0, before: [], peak: [] }));
  for (let round = 0; round < rounds; round++) {
    await makeDifferent(file);
    for (const book of books) {
      signal.throwIfAborted();
      await runOnce(book);
    }
  }
  http.close();

  const named = (name: string) => books.find(({ way }) => way.name === name)?.seconds ?? [];
  const copyAndHash = named('copy (fs.copyFile, flushed)').map((seconds, round) => seconds + (named('sha256 of the file')[round] ?? 0));
  const yardsticks: Record<string, number[]> = {
    'upload, Freehold': named('upload, plain node:http, flushed'),
    'download, Freehold': named('download, plain node:http'),
  };
  return {
    title: `Transfer of ${sizeMiB} MiB`,
    columns: ['', 'MB/s', 'time of node:http', 'of copy + sha256', 'CPU s per GiB', 'RSS before MiB', 'RSS peak MiB'],
    rows: books.map(({ way, seconds, cpuUs, before, peak }) => {
      const plain = yardsticks[way.name];
      return [
        way.name,
        bytes / 1e6 / median(seconds),
        plain ? times(medianRatio(seconds, plain)) : undefined,
        way.pid === undefined ? undefined : times(medianRatio(seconds, copyAndHash)),
        way.pid === undefined ? undefined : (cpuUs / 1e6 / rounds) * (1024 / sizeMiB),
        way.pid === undefined ? undefined : median(before) / mebibyte,
        way.pid === undefined ? undefined : Math.max(...peak) / mebibyte,
      ];
    }),
    notes: [
      `Median of ${rounds} rounds with a file that differs in each. "1.2×" is 1.2 times as long as the yardstick.`,
      'An upload is hashed, flushed to the disk and named before it is answered. Client and server share the processors.',
    ],
  };
}

async function runOnce(book: Book): Promise<void> {
  const { pid, once } = book.way;
  if (pid === undefined) return void book.seconds.push(await timed(once));
  book.before.push(residentOf(pid));
  const peak = watchPeak(pid);
  const before = cpuOf(pid).process;
  book.seconds.push(await timed(once));
  book.cpuUs += cpuOf(pid).process - before;
  book.peak.push(peak());
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function writeRandomFile(path: string, sizeMiB: number): Promise<void> {
  const piece = Buffer.allocUnsafe(mebibyte);
  const file = await open(path, 'w');
  for (let written = 0; written < sizeMiB; written++) await file.write(randomFillSync(piece));
  await file.datasync();
  await file.close();
}

/** The drive keeps equal content once, so each round sends content that it does not have. */
async function makeDifferent(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(randomFillSync(Buffer.allocUnsafe(16)), 0, 16, 0);
  await file.datasync();
  await file.close();
}

async function copyFlushed(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, 'r+');
  await file.datasync();
  await file.close();
}

async function hash(path: string): Promise<void> {
  await pipeline(createReadStream(path, { highWaterMark: mebibyte }), createHash('sha256'));
}
