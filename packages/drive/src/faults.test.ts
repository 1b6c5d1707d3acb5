import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { openDatabase, sql, type Database } from '@freehold/database';
import { FreeholdError } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { openDrive, type Drive } from './drive.ts';
import { keyStream, sha256Of, textStream } from './testing/key-stream.ts';
import { filesBelow, temporaryDrive } from './testing/temporary-drive.ts';

const MiB = 1 << 20;
/** What a person may be told when a disk is full or fails. */
const clear = new Set(['disk_full', 'database_full', 'storage_failed', 'database_failed', 'commit_unknown']);

const refusalOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      assert.ok(error instanceof FreeholdError, String(error));
      assert.ok(clear.has(error.code) && error.status >= 500, `${error.status} ${error.code}`);
      assert.match(error.message, /[Nn]othing/, 'it says that nothing is half-written');
      return error.code;
    },
  );

// ── With the ports of the drive and the limits of SQLite: always run ───────────────────────────────────────────────────────────────────

test('every third flush fails: those uploads are refused and leave nothing, the others are stored', async (t) => {
  verifies('drive.faults');
  let flushes = 0;
  const { drive, files } = await temporaryDrive(t, {
    async flush(file) {
      if (++flushes % 3 === 0) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { syscall: 'fdatasync', code: 'EIO' });
      await file.datasync();
    },
  });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      refusalOf(alice.writeFile({ parent, name: `${index}`, content: keyStream(`${index}`, 70_000) })),
    ),
  );
  assert.deepEqual([results.filter((code) => code === 'storage_failed').length, files().length], [10, 20]);
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('a database that may not grow: writes are refused, nothing is half-written, reads and deletes go on', async (t) => {
  verifies('drive.faults');
  const { drive, database, files } = await temporaryDrive(t, { options: { keepVersions: 2, grace: 0 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const kept = await alice.writeFile({ parent, name: 'kept', content: keyStream('kept', 30_000) });
  const pages = (await database.read.get<{ page_count: number }>(sql`PRAGMA page_count`))?.page_count ?? 0;
  await limitPages(database, pages + 20);

  const results = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      refusalOf(alice.writeFile({ parent, name: `${index}`, content: keyStream(`${index}`, index % 2 ? 60_000 : 70_000) })),
    ),
  );
  assert.ok(results.includes('database_full'));
  assert.equal(await sha256Of((await alice.read(kept.id)).stream), await sha256Of(keyStream('kept', 30_000)));
  assert.deepEqual(await drive.audit({ rehash: true }), []);
  const stored = (await alice.list({ parent })).entries;
  assert.equal(files().length, stored.filter(({ size }) => size === 70_000).length, 'what was refused left no file');

  // The index of the search writes when something is deleted, too: a disk that is full to the last page is tried below, with a real one.
  await limitPages(database, pages + 120);
  for (const { id } of stored) await alice.deleteForever(id);
  await drive.sweep();
  await alice.writeFile({ parent, name: 'again', content: keyStream('again', 30_000) });
  await limitPages(database, 1_000_000);
  await alice.writeFile({ parent, name: 'more', content: keyStream('more', 60_000) });
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

/** The largest file that SQLite makes, in pages: the same refusal as that of a full disk. */
const limitPages = (database: Database, pages: number) =>
  database.transaction((tx) => tx.get({ text: [`PRAGMA max_page_count = ${pages}`], values: [] }));

test('what runs on after its transaction was taken back writes nothing', async (t) => {
  verifies('drive.faults');
  const { database } = await temporaryDrive(t);
  await database.transaction(async (tx) => {
    await tx.run(sql`CREATE TABLE stubborn (id INTEGER PRIMARY KEY, bytes BLOB)`);
  });
  const pages = (await database.read.get<{ page_count: number }>(sql`PRAGMA page_count`))?.page_count ?? 0;
  await limitPages(database, pages + 5);
  const together = [
    database.transaction(async (tx) => {
      await tx.run(sql`INSERT INTO stubborn VALUES (1, NULL)`);
    }),
    database.transaction(async (tx) => {
      await tx.run(sql`INSERT INTO stubborn VALUES (2, ${Buffer.alloc(MiB)})`).catch(() => {});
      await tx.run(sql`INSERT INTO stubborn VALUES (3, NULL)`);
    }),
  ];
  const settled = await Promise.allSettled(together);
  const rows = await database.read.all<{ id: number }>(sql`SELECT id FROM stubborn ORDER BY id LIMIT 10`);
  const said = [1, ...(settled[1]?.status === 'fulfilled' ? [3] : [])].filter((id) => id !== 1 || settled[0]?.status === 'fulfilled');
  assert.deepEqual(
    rows.map(({ id }) => id),
    said,
    'what is there is what was acknowledged',
  );
});

test('the reserve of the disk is kept free: an upload is refused before it is full', async (t) => {
  verifies('drive.faults');
  const { bavail, bsize } = statfsSync(tmpdir());
  const { drive } = await temporaryDrive(t, { options: { reserve: bavail * bsize - 10 * MiB } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  assert.equal(await refusalOf(alice.writeFile({ parent, name: 'announced', content: keyStream('x', 1), size: 50 * MiB })), 'disk_full');
});

// ── With a real full disk: a small tmpfs, which only root can mount ────────────────────────────────────────────────────────────────────

const noMount = (() => {
  if (process.platform !== 'linux') return 'tmpfs is of Linux';
  if (process.getuid?.() !== 0) return 'mounting a tmpfs needs root';
  const directory = mkdtempSync(join(tmpdir(), 'freehold-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]);
  if (mounted.status === 0) spawnSync('umount', [directory]);
  rmSync(directory, { recursive: true, force: true });
  return mounted.status === 0 ? false : 'this root may not mount a tmpfs';
})();

/** A drive on a disk of so many bytes and files. */
async function smallDisk(t: TestContext, options: string) {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
  t.after(() => {
    execFileSync('umount', ['--lazy', directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  const open = async () => {
    const database = await openDatabase({ path: join(directory, 'node.db') });
    const drive = openDrive({ database, directory, log: () => {}, options: { grace: 0, reserve: 0 } });
    await drive.start();
    return { database, drive };
  };
  return { directory, open };
}

const free = (directory: string) => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

/** Takes every byte that is left. */
function fillUp(path: string, directory: string) {
  for (let piece = MiB; piece >= 4096; piece /= 2)
    try {
      while (free(directory) >= piece) appendFileSync(path, Buffer.alloc(piece));
    } catch {
      // Smaller pieces may still fit.
    }
  assert.ok(free(directory) < 16_384);
}

async function checkedContents(drive: Drive, expected: ReadonlyMap<string, number>) {
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const { entries } = await alice.list({ parent, limit: 1000 });
  for (const [name, size] of expected) {
    const entry = entries.find((one) => one.name === name);
    assert.ok(entry, `${name} is there`);
    assert.equal(await sha256Of((await alice.read(entry.id)).stream), await sha256Of(keyStream(name, size)));
  }
}

test('a disk that becomes full in the middle of an upload', { skip: noMount }, async (t) => {
  verifies('drive.faults');
  const { directory, open } = await smallDisk(t, 'size=24m');
  const { database, drive } = await open();
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  await alice.writeFile({ parent, name: 'before', content: keyStream('before', 2 * MiB) });
  const uploads = [0, 1, 2].map((index) =>
    refusalOf(alice.writeFile({ parent, name: `${index}`, content: keyStream(`${index}`, 15 * MiB) })),
  );
  assert.ok((await Promise.all(uploads)).includes('disk_full'));
  assert.deepEqual(await drive.audit({ rehash: true }), []);
  assert.equal(filesBelow(directory).filter((path) => path.includes('/uploads/')).length, 0);
  await alice.writeFile({ parent, name: 'after', content: keyStream('after', 1000) });
  await checkedContents(
    drive,
    new Map([
      ['before', 2 * MiB],
      ['after', 1000],
    ]),
  );
  await drive.stop();
  await database.close();
});

test(
  'a disk that is full to the last byte: commits fail, reads go on, and with room everything goes on, also after a restart',
  { skip: noMount },
  async (t) => {
    verifies('drive.faults');
    const { directory, open } = await smallDisk(t, 'size=48m');
    let { database, drive } = await open();
    const alice = drive.of('alice');
    const { id: parent } = await alice.root();
    const kept = new Map<string, number>();
    const write = async (name: string, size: number) => {
      const refusal = await refusalOf(alice.writeFile({ parent, name, content: keyStream(name, size) }));
      if (refusal === undefined) kept.set(name, size);
      return refusal;
    };
    await write('first', 300_000);
    for (let index = 0; index < 20; index++) await write(`old ${index}`, 30_000);
    const ballast = join(directory, 'ballast');
    fillUp(ballast, directory);
    for (let index = 0; index < 20; index++) {
      const { id } = await alice.stat(`/old ${index}`);
      assert.equal(
        await refusalOf(alice.deleteForever(id)),
        undefined,
        'deleting goes on when others have filled the disk to the last byte',
      );
      kept.delete(`old ${index}`);
    }

    const codes: (string | undefined)[] = [];
    while (codes.length < 30 || codes.slice(-30).includes(undefined)) {
      const round = codes.length;
      codes.push(...(await Promise.all([0, 1, 2].map((index) => write(`${round}-${index}`, index === 2 ? 80_000 : 40_000)))));
    }
    assert.ok(codes.includes('disk_full') || codes.includes('database_full'), String(codes));
    await checkedContents(drive, kept);
    const { entries } = await alice.list({ parent, limit: 1000 });
    assert.deepEqual(new Set(entries.map(({ name }) => name)), new Set(kept.keys()), 'what was refused is not there');
    assert.deepEqual(await drive.audit({ rehash: true }), []);
    // The end of a process whose checkpoint finds no room: what is committed stays in the WAL.
    await drive.stop();
    await database.close();
    ({ database, drive } = await open());
    await checkedContents(drive, kept);

    rmSync(ballast);
    const again = drive.of('alice');
    await again.writeFile({ parent, name: 'room', content: keyStream('room', 200_000) });
    await checkedContents(drive, kept.set('room', 200_000));
    assert.deepEqual(await drive.audit({ rehash: true }), []);
    await drive.stop();
    await database.close();
  },
);

test(
  'a disk with room but without a place for another file: the folder, the upload or the database cannot be made',
  { skip: noMount },
  async (t) => {
    verifies('drive.faults');
    for (let files = 9; files < 24; files += 2) {
      const { open } = await smallDisk(t, `size=16m,nr_inodes=${files}`);
      const opened = await open().catch(() => undefined);
      if (!opened) continue;
      const { database, drive } = opened;
      const alice = drive.of('alice');
      const { id: parent } = await alice.root();
      const kept = new Map<string, number>();
      for (let index = 0; index < 8; index++) {
        const name = `${index}`;
        const size = index % 2 === 0 ? 100_000 : 1000;
        if ((await refusalOf(alice.writeFile({ parent, name, content: keyStream(name, size) }))) === undefined) kept.set(name, size);
      }
      assert.ok(kept.size >= 4 && kept.size <= 8, 'small content needs no file');
      await checkedContents(drive, kept);
      assert.deepEqual(await drive.audit({ rehash: true }), [], `${files} files`);
      await drive.stop();
      await database.close();
    }
  },
);

// ── With failing system calls under the whole process, SQLite included: strace ─────────────────────────────────────────────────────────

const noStrace = (() => {
  const found = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']);
  return found.status === 0 ? false : 'strace is not installed or may not trace here (Debian: apt-get install strace)';
})();

const injections = [
  'fdatasync:error=EIO:when=5+7',
  'fdatasync:error=ENOSPC:when=3+4',
  'fsync:error=EIO:when=9+5',
  'pwrite64:error=EIO:when=60+150',
  'pwrite64:error=ENOSPC:when=45+80',
  'rename:error=EIO:when=2+3',
  'unlink:error=EIO:when=2+2',
  'mkdir:error=ENOSPC:when=6+5',
];

for (const injection of injections) {
  test(`system calls that fail: ${injection}`, { skip: noStrace }, async (t) => {
    verifies('drive.faults');
    const directory = mkdtempSync(join(tmpdir(), 'freehold-strace-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    // Made before, so that the faults meet work and not the first start.
    mkdirSync(join(directory, 'blobs'));
    const prepared = await openDatabase({ path: join(directory, 'node.db') });
    await prepared.close();
    const [call = ''] = injection.split(':');
    const child = join(import.meta.dirname, 'testing', 'fault-child.ts');
    const { stdout } = await promisify(execFile)(
      'strace',
      [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '--seccomp-bpf',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${injection}`,
        process.execPath,
        child,
        directory,
      ],
      { timeout: 120_000 },
    ).catch((error: unknown) => {
      // A child that could not even start answered so; then nothing was acknowledged.
      const output = error as { stdout?: string; stderr?: string };
      assert.match(output.stderr ?? '', /DatabaseError|DriveError|E(IO|NOSPC)/, 'it ends with a reason');
      return { stdout: output.stdout ?? '' };
    });
    const acknowledged = new Map<string, [seed: string, size: number] | undefined>();
    let refused = 0;
    for (const line of stdout.split('\n')) {
      const [word, id = '', seed = '', size = ''] = line.split(' ');
      if (word === 'refused') {
        refused += 1;
        assert.ok(clear.has(seed), line);
      } else if (word === 'wrote') acknowledged.set(id, [seed, Number(size)]);
      else if (word === 'changing') acknowledged.set(id, undefined);
    }

    const database = await openDatabase({ path: join(directory, 'node.db') });
    const drive = openDrive({ database, directory, log: () => {}, options: { grace: 0 } });
    await drive.start();
    await drive.sweep();
    assert.deepEqual(await drive.audit({ rehash: true }), []);
    let intact = 0;
    for (const [id, content] of acknowledged) {
      if (!content) continue;
      assert.equal(await sha256Of((await drive.of('alice').read(id)).stream), await sha256Of(keyStream(...content)));
      intact += 1;
    }
    t.diagnostic(`${refused} refused, ${intact} acknowledged and intact, ${stdout.includes('closed') ? 'ended by itself' : 'ended early'}`);
    assert.ok(refused + intact > 0);
    await drive.stop();
    await database.close();
  });
}

test('a reader is told when the disk fails under it', async (t) => {
  verifies('drive.faults');
  const { drive, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const { id } = await alice.writeFile({ parent, name: 'x', content: keyStream('x', 100_000) });
  const [path = ''] = files();
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(alice.read(id), (error) => error instanceof FreeholdError && error.status === 500);
  assert.equal((await alice.writeFile({ parent, name: 'y', content: textStream('others go on') })).size, 12);
});

test('on a disk that is nearly full, deleted content goes after an hour instead of a day', async (t) => {
  verifies('drive.faults');
  const { bavail, bsize } = statfsSync(tmpdir());
  const hour = 3_600_000;
  const { drive, database, directory, clock } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id } = await alice.writeFile({ parent: (await alice.root()).id, name: 'x', content: keyStream('x', 100_000) });
  await alice.deleteForever(id);
  clock.now += 2 * hour;
  assert.equal((await drive.sweep()).collected, 0);
  const tight = openDrive({ database, directory, log: () => {}, now: () => clock.now++, options: { reserve: bavail * bsize * 2 } });
  assert.equal((await tight.sweep()).collected, 1);
  await tight.stop();
});
