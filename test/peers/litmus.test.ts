import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../requirements/verifies.ts';
import { hasJudges } from '../harness/judges.ts';
import { startMountedNode } from '../harness/mounted-node.ts';

/** How many tests each of litmus 0.13's programs has: 104 in all. */
const programs = { basic: 16, copymove: 13, props: 30, locks: 41, http: 4 };

test('litmus finds nothing to complain about', async (t) => {
  verifies('drive.webdav.peers');
  if (!hasJudges(t, 'litmus')) return;
  const node = await startMountedNode(t);
  let total = 0;
  for (const [program, count] of Object.entries(programs)) {
    await t.test(`${program}: ${count} of ${count}`, async () => {
      const { code, output } = await node.run('litmus', ['-k', node.url, node.user, node.password], { env: { TESTS: program } });
      const summary = new RegExp(`<- summary for .${program}': of (\\d+) tests run: (\\d+) passed, (\\d+) failed`).exec(output);
      assert.deepEqual(summary?.slice(1).map(Number), [count, count, 0], output);
      assert.equal(code, 0, output);
      total += count;
    });
  }
  assert.equal(total, 104);
});
