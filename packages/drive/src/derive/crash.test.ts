import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from '@freehold/database';
import { verifies } from '../../../../requirements/verifies.ts';
import { openDrive } from '../drive.ts';
import { untilDerived } from '../testing/derived.ts';
import { temporaryDrive } from '../testing/temporary-drive.ts';

const script = fileURLToPath(new URL('../testing/derive-child.ts', import.meta.url));

test('kill -9 while content is looked at: the indexes agree with the names, and everything is found after the next start', async (t) => {
  verifies('drive.derive.queue', 'drive.search.names');
  const world = await temporaryDrive(t);
  const { drive, database, directory } = world;
  if (database.dialect !== 'sqlite') return t.skip('the process of this test opens a file');
  await drive.stop();
  const said = new Map<string, 'text' | 'picture' | 'trashed'>();
  for (let round = 0; round < 4; round++) {
    const child = spawn(process.execPath, ['--no-warnings', script, directory, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await once(child.stdout, 'data');
    await sleep(150 + round * 170);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (const line of out.split('\n').slice(0, -1)) {
      const [what, name = ''] = line.split(' ');
      if (what === 'text' || what === 'picture' || what === 'trashed') said.set(name, what);
    }
  }
  assert.ok(said.size > 20, String(said.size));

  const next = openDrive({ database, directory, log: () => {}, options: { quiet: 0 } });
  await next.start();
  t.after(() => next.stop());
  await untilDerived(world);
  const alice = next.of('alice');
  assert.deepEqual(
    (await next.audit()).filter(({ severity }) => severity !== 'notice'),
    [],
  );
  const texts = await alice.search({ text: 'needle', in: 'content', limit: 1000 });
  const found = new Set(texts.entries.map(({ name }) => name));
  for (const [name, what] of said) {
    if (what === 'text') assert.ok(found.has(name), name);
    const { entries } = await alice.search({ text: name, in: 'names', limit: 1000 });
    assert.equal(
      entries.some((entry) => entry.name === name),
      what !== 'trashed',
      `${what} ${name}`,
    );
    if (what === 'picture') assert.ok(await alice.thumbnail((await alice.stat(`/${name}`)).id));
  }
  const again = await database.read.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM derivation WHERE state <> 'done'`);
  assert.equal(again?.count, 0, 'the death of the node is not held against a file');
});
