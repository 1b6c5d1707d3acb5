import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatCount, formatDuration, formatMoment } from './format.ts';

test('sizes are short and never say more than three figures', () => {
  assert.deepEqual([0, 1, 999, 1000, 1250, 9_960_000, 48_211, 5_242_880, 3e12].map(formatBytes), [
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1 KB',
    '1.3 KB',
    '10 MB',
    '48 KB',
    '5.2 MB',
    '3 TB',
  ]);
});

test('durations round to what one can wait for, and an unknown one is not shown', () => {
  assert.deepEqual([0.2, 42, 90, 7200, Infinity].map(formatDuration), ['1 s', '42 s', '2 min', '2 h', '']);
});

test('moments are told by their distance', () => {
  const now = new Date(2026, 10, 20, 15, 0).getTime();
  assert.equal(formatMoment(now - 5000, now), 'just now');
  assert.match(formatMoment(new Date(2026, 10, 20, 9, 5).getTime(), now), /^0?9:05/);
  assert.match(formatMoment(new Date(2026, 10, 19, 23, 0).getTime(), now), /^yesterday /);
  assert.match(formatMoment(new Date(2024, 2, 3).getTime(), now), /2024/);
  assert.doesNotMatch(formatMoment(new Date(2026, 2, 3).getTime(), now), /2026/);
});

test('one is not many', () => {
  assert.equal(formatCount(1, 'file'), '1 file');
  assert.equal(formatCount(2, 'entry', 'entries'), '2 entries');
});
