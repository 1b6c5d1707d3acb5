import assert from 'node:assert/strict';
import { writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../requirements/verifies.ts';
import { hasJudges } from '../harness/judges.ts';
import { startMountedNode } from '../harness/mounted-node.ts';

test('cadaver signs in, stores, copies, moves, locks, unlocks and describes', async (t) => {
  verifies('drive.webdav.peers');
  if (!hasJudges(t, 'cadaver')) return;
  const node = await startMountedNode(t);
  writeFileSync(join(node.folder, '.netrc'), `machine localhost login ${node.user} password ${node.password}\n`, { mode: 0o600 });
  writeFileSync(join(node.folder, 'here.txt'), 'a file');
  const { output } = await node.run('cadaver', ['-t', node.url], {
    env: { HOME: node.folder },
    input: [
      'mkcol "a folder"',
      'cd "a folder"',
      'put here.txt there.txt',
      'copy there.txt copied.txt',
      'move there.txt moved.txt',
      'lock moved.txt',
      'propset moved.txt color red',
      'propget moved.txt color',
      'put here.txt moved.txt',
      'unlock moved.txt',
      'get moved.txt back.txt',
      'ls',
      'quit\n',
    ].join('\n'),
  });
  assert.doesNotMatch(output, /fail|Could not|Conflict|Forbidden|error/i, output);
  assert.match(output, /color = red|red/, output);
  assert.match(output, /copied\.txt[^]*moved\.txt/, output);
  assert.equal(readFileSync(join(node.folder, 'back.txt'), 'utf8'), 'a file');
});
