import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openDatabase, sql } from '@freehold/database';
import { verifies } from '../../../requirements/verifies.ts';
import type { RunResult } from './engine.ts';
import { openOutputs } from './outputs.ts';
import { openStore } from './store.ts';
import type { FinishedTask } from './store/tasks.ts';

const result: RunResult = {
  reason: 'exit',
  exitCode: 0,
  message: null,
  wallUs: 1,
  cpuUs: 1,
  maxRssBytes: 1,
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
};

async function open(t: TestContext, limitBytes: number) {
  const directory = await mkdtemp(join(tmpdir(), 'freehold-outputs-'));
  const database = await openDatabase({ path: join(directory, 'node.db') });
  t.after(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });
  await database.transaction((tx) =>
    tx.run(sql`INSERT INTO offer (id, owner, name, document, signature, created_at) VALUES ('o', 'a', 'n', '{}', '0x', 0)`),
  );
  const store = openStore(database, 'here');
  const clock = { time: 1_000 };
  const outputs = openOutputs({ store, directory: join(directory, 'outputs'), limitBytes, now: () => clock.time, log: () => undefined });
  const finish = async (id: string, streams: Pick<FinishedTask, 'stdout' | 'stderr'>, expiresAt = clock.time + 1) => {
    await store.startTask({ id, offer: 'o', payer: null, preimage: Buffer.alloc(0), now: clock.time });
    await store.finishTask({ id, result, ...streams, cacheable: false, chargeable: true, now: clock.time, expiresAt });
  };
  return { store, outputs, clock, finish };
}

test('the room that outputs take is counted as it is taken and given back, also where only a summary is kept', async (t) => {
  verifies('compute.task.keep');
  const { store, outputs, clock, finish } = await open(t, 1e9);
  const [large, small] = [Buffer.alloc(100_000, 'x'), Buffer.from('small')];
  const { release, ...whole } = await outputs.add(large, small);
  await finish('whole', whole);
  release();
  await finish('brief', outputs.summarise(large, small, undefined));
  await finish('streamed', outputs.summarise(small, small, { sha256: 'ab'.repeat(32), isWhole: false }));
  assert.equal(outputs.bytes, 100_005 + 5 + 5);
  assert.equal(await store.keptBytes(), outputs.bytes);
  clock.time += 10;
  await outputs.sweep();
  assert.equal(outputs.bytes, 0);
  assert.equal(await store.keptBytes(), 0);
});

test('when the room is full, what was used least lately goes first', async (t) => {
  verifies('compute.task.keep');
  const { store, outputs, clock, finish } = await open(t, 250_000);
  const add = async (id: string) => {
    clock.time++;
    const { release, ...streams } = await outputs.add(Buffer.alloc(100_000, id), Buffer.alloc(0));
    await finish(id, streams, 1e12);
    return release;
  };
  const held = [await add('first'), await add('second')];
  clock.time++;
  outputs.use('first');
  held.push(await add('third'));
  await outputs.sweep();
  for (const release of held) release();
  const kept = await Promise.all(['first', 'second', 'third'].map(async (id) => (await store.task(id))?.kept));
  assert.deepEqual(kept, [true, false, true]);
  assert.equal(outputs.bytes, 200_000);
});
