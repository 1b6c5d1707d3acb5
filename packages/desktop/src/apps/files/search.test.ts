import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { FoundPage } from '../../api/drive.ts';
import { createSearch } from './search.ts';

const entry = (name: string) => ({ id: name, parent: 'r', name, kind: 'file' as const, size: 1, createdAt: 0, modifiedAt: 0 });
const ready = async (search: ReturnType<typeof createSearch>) => {
  while (search.store.getState().status === 'searching') await pause(1);
  return search.store.getState();
};

test('somebody who goes on typing is answered once, for the whole word', async () => {
  const asked: string[] = [];
  const search = createSearch({ drive: { search: async (text) => (asked.push(text), { entries: [entry(text)], next: null }) }, wait: 5 });
  for (const text of ['l', 'le', 'let ']) search.ask(text);
  assert.deepEqual(
    (await ready(search)).found.map(({ name }) => name),
    ['let'],
  );
  assert.deepEqual(asked, ['let']);
});

test('an answer that comes too late is not shown: its request was given up', async () => {
  const signals: AbortSignal[] = [];
  const answers: ((page: FoundPage) => void)[] = [];
  const search = createSearch({
    drive: {
      search: (_, page) => {
        if (page?.signal) signals.push(page.signal);
        return new Promise((resolve) => answers.push(resolve));
      },
    },
    wait: 0,
  });
  search.ask('old');
  await pause(5);
  search.ask('new');
  assert.equal(signals[0]?.aborted, true);
  await pause(5);
  answers[1]?.({ entries: [entry('new')], next: null });
  answers[0]?.({ entries: [entry('old')], next: null });
  await pause(1);
  assert.deepEqual(
    search.store.getState().found.map(({ name }) => name),
    ['new'],
  );
});

test('empty pages are passed over, and more comes when it is asked for', async () => {
  const pages: Record<string, FoundPage> = {
    '': { entries: [], next: '1' },
    1: { entries: [entry('a')], next: '2' },
    2: { entries: [entry('b')], next: null },
  };
  const search = createSearch({
    drive: { search: async (_, page) => pages[page?.after ?? ''] ?? { entries: [], next: null } },
    wait: 0,
  });
  search.ask('x');
  assert.deepEqual(
    (await ready(search)).found.map(({ name }) => name),
    ['a'],
  );
  search.more();
  await pause(1);
  assert.deepEqual(
    search.store.getState().found.map(({ name }) => name),
    ['a', 'b'],
  );
  search.ask('  ');
  assert.equal(search.store.getState().status, 'idle');
});

test('a search that fails says why', async () => {
  const search = createSearch({ drive: { search: () => Promise.reject(new Error('secret')) }, wait: 0 });
  search.ask('x');
  const { status, problem } = await ready(search);
  assert.equal(status, 'failed');
  assert.match(problem ?? '', /Reload it and try again/);
});
