import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWriteBehind } from './write-behind.ts';

function open({ fails = false } = {}) {
  const written: number[][] = [];
  const errors: number[] = [];
  const behind = openWriteBehind<number>({
    write: async (rows) => {
      await Promise.resolve();
      if (fails) throw new Error('the disk is full');
      written.push([...rows]);
    },
    onError: (_error, rows) => errors.push(rows),
  });
  return { behind, written, errors };
}

test('rows are written together, in their order, and all of them by the time that flush settles', async () => {
  const { behind, written } = open();
  for (let row = 0; row < 3; row++) assert.equal(behind.add(row, 10), undefined);
  assert.deepEqual(written, []);
  await behind.flush();
  void behind.add(3, 10);
  await behind.flush();
  assert.deepEqual(written, [[0, 1, 2], [3]]);
  await behind.flush();
  assert.equal(written.length, 2);
});

test('they are written after a moment without being asked for', async () => {
  const { behind, written } = open();
  void behind.add(1, 10);
  for (let tries = 0; written.length === 0 && tries < 200; tries++) await new Promise((tick) => setTimeout(tick, 20));
  assert.deepEqual(written, [[1]]);
});

test('who adds too much waits for it to be written', async () => {
  const { behind, written } = open();
  assert.equal(behind.add(1, 1), undefined);
  await behind.add(2, 8 * 1024 * 1024);
  assert.deepEqual(written, [[1, 2]]);
  for (let row = 0; row < 499; row++) assert.equal(behind.add(row, 1), undefined);
  await behind.add(499, 1);
  assert.equal(written[1]?.length, 500);
});

test('what cannot be written is told, and does not stop what follows', async () => {
  const { behind, errors } = open({ fails: true });
  void behind.add(1, 1);
  await behind.flush();
  void behind.add(2, 1);
  void behind.add(3, 1);
  await behind.flush();
  assert.deepEqual(errors, [1, 2]);
});
