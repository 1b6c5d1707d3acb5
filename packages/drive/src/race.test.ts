import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openDatabase } from '@freehold/database';
import { verifies } from '../../../requirements/verifies.ts';
import { newPostgres, noPostgres } from '../../database/src/testing/postgres.ts';
import { openDrive } from './drive.ts';
import { openTestBucket } from './testing/test-bucket.ts';

const rounds = process.env['FREEHOLD_LONG'] === '1' ? 400 : 25;

async function runNode(settings: Record<string, unknown>): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'race-child.ts'), JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = await Array.fromAsync(createInterface({ input: child.stdout }));
  const [code] = await exited;
  assert.equal(code, 0, `a node failed after: ${lines.slice(-3).join(' | ')}`);
  assert.equal(lines.at(-1), 'done');
  return lines;
}

test(
  'two nodes on one PostgreSQL and one bucket race for the same names: one wins, nothing acknowledged is lost, nothing dangles',
  {
    skip: noPostgres,
  },
  async (t) => {
    verifies('drive.scale.race');
    const directory = mkdtempSync(join(tmpdir(), 'freehold-race-'));
    const bucket = await openTestBucket();
    const url = await newPostgres();
    const database = await openDatabase({ url });
    const drive = openDrive({
      database,
      directory: join(directory, 'judge'),
      bucket: bucket.options,
      log: () => {},
      options: { grace: 0, keepVersions: 100_000 },
    });
    await drive.start();
    t.after(async () => {
      await drive.stop();
      await database.close();
      await bucket.close();
      rmSync(directory, { recursive: true, force: true });
    });
    const alice = drive.of('alice');
    await alice.createFolder({ parent: (await alice.root()).id, name: 'folder' });

    const nodes = ['one', 'two'].map((me) => runNode({ url, bucket: bucket.options, directory: join(directory, me), me, rounds }));
    const lines = (await Promise.all(nodes)).flat().map((line) => line.split(' '));
    const all = (what: string) => lines.filter(([first]) => first === what).map(([, ...rest]) => rest);

    assert.deepEqual(
      all('won')
        .map(([round]) => Number(round))
        .sort((a, b) => a - b),
      Array.from({ length: rounds }, (_, round) => round),
      'each name was given exactly once',
    );
    assert.deepEqual(await drive.audit({ rehash: true }), []);
    const deleted = new Set(all('deleting').map(([id]) => id));
    const written = [...all('won').map(([, id = '', cid]) => ({ id, cid })), ...all('wrote').map(([id = '', cid]) => ({ id, cid }))];
    let intact = 0;
    for (const { id, cid } of written) {
      if (deleted.has(id)) continue;
      assert.equal((await alice.entry(id)).cid, cid);
      intact += 1;
    }
    const shared = await alice.stat('/shared');
    const known = new Set([shared.cid]);
    for (let before: number | undefined, more = true; more;) {
      const page = await alice.versions(shared.id, { before });
      for (const { cid } of page) known.add(cid);
      before = page.at(-1)?.number;
      more = before !== undefined;
    }
    for (const [cid = ''] of all('replaced')) assert.ok(known.has(cid), 'every content that was acknowledged is a version');

    await drive.sweep();
    const { blobs } = await drive.usage();
    const small = all('replaced').length / 2;
    assert.ok(Math.abs(bucket.files().length - (blobs - small)) <= 1, 'no object is left over');
    t.diagnostic(`${lines.length} answers; ${intact} files and ${known.size} versions intact, ${deleted.size} deletions`);
  },
);
