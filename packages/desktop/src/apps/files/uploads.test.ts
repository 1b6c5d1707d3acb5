import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DriveApi } from '../../api/drive.ts';
import { ApiError } from '../../api/error.ts';
import { createSpeedometer } from './speedometer.ts';
import { createUploads, totalsOf } from './uploads.ts';

type Upload = DriveApi['upload'];
const stored = (name: string) => ({ id: name, parent: 'root', name, kind: 'file' as const, size: 1, createdAt: 0, modifiedAt: 0 });
const taken = () => new ApiError('name_taken', 409, 'This name is taken');
const file = (name: string, size = 4) => ({ file: new File([new Uint8Array(size)], name), parent: 'root' });
const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

/** An upload that lasts until it is let through or its signal fires. */
function gate() {
  const waiting = new Map<string, () => void>();
  const upload: Upload = ({ file, signal, onProgress }) =>
    new Promise((resolve, reject) => {
      onProgress(file.size / 2);
      waiting.set(file.name, () => resolve(stored(file.name)));
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
  return { upload, waiting };
}

test('three files travel at once, the others wait, and all arrive', async () => {
  const { upload, waiting } = gate();
  const uploads = createUploads({ drive: { upload }, now: () => 0 });
  const all = uploads.add(['a', 'b', 'c', 'd'].map((name) => file(name)));
  await tick();
  assert.deepEqual([...waiting.keys()], ['a', 'b', 'c']);
  assert.deepEqual({ ...totalsOf(uploads.store.getState()), secondsLeft: 0 }, { sent: 6, size: 16, running: 4, secondsLeft: 0 });
  waiting.get('b')?.();
  await tick();
  assert.ok(waiting.has('d'));
  for (const release of waiting.values()) release();
  await all;
  assert.ok(uploads.store.getState().items.every(({ state, sent }) => state === 'done' && sent === 4));
  uploads.clear();
  assert.deepEqual(uploads.store.getState().items, []);
});

test('cancelling reaches those that travel and those that wait', async () => {
  const { upload, waiting } = gate();
  const uploads = createUploads({ drive: { upload }, now: () => 0 });
  const all = uploads.add(['a', 'b', 'c', 'd'].map((name) => file(name)));
  await tick();
  uploads.cancelAll();
  await all;
  assert.ok(uploads.store.getState().items.every(({ state }) => state === 'cancelled'));
  assert.equal(waiting.has('d'), false);
});

test('a taken name asks, one question at a time, and one answer can be for all', async () => {
  const asked: string[] = [];
  const upload: Upload = async ({ file, onConflict }) => {
    asked.push(`${file.name} ${onConflict}`);
    if (onConflict === 'fail') throw taken();
    return stored(file.name);
  };
  const uploads = createUploads({ drive: { upload }, now: () => 0 });
  const all = uploads.add(['a', 'b', 'c'].map((name) => file(name)));
  await tick();
  assert.deepEqual(uploads.store.getState().conflict, { name: 'a', isOneOfMany: true });
  uploads.answer('replace', false);
  await tick();
  assert.equal(uploads.store.getState().conflict?.name, 'b');
  uploads.answer('rename', true);
  await all;
  assert.equal(uploads.store.getState().conflict, null);
  assert.deepEqual(asked.slice(3).sort(), ['a replace', 'b rename', 'c rename']);
});

test('giving up a conflict cancels that file, and a refusal says why', async () => {
  const upload: Upload = async ({ file }) => {
    throw file.name === 'a' ? taken() : new ApiError('quota_exceeded', 507, 'There is no room left');
  };
  const uploads = createUploads({ drive: { upload }, now: () => 0 });
  const all = uploads.add([file('a'), file('b')]);
  await tick();
  uploads.answer('cancel', false);
  await all;
  assert.deepEqual(
    uploads.store.getState().items.map(({ state, problem }) => [state, problem]),
    [
      ['cancelled', null],
      ['failed', 'There is no room left'],
    ],
  );
});

test('the speed is that of the last seconds', () => {
  let time = 0;
  const speed = createSpeedometer({ now: () => time });
  assert.equal(speed.bytesPerSecond(), 0);
  for (; time <= 2000; time += 100) speed.add(1000);
  assert.ok(Math.abs(speed.bytesPerSecond() - 10_000) < 1500);
  time += 60_000;
  assert.equal(speed.bytesPerSecond(), 0);
});
