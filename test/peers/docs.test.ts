import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../requirements/verifies.ts';
import { hasJudges } from '../harness/judges.ts';
import { startMountedNode } from '../harness/mounted-node.ts';
import { root } from '../harness/node-process.ts';

const blocks = [...readFileSync(join(root, 'docs/webdav.md'), 'utf8').matchAll(/```sh\n([^]*?)```/g)].map((match) =>
  (match[1] ?? '').trim(),
);

test('the commands of docs/webdav.md do what it says, line by line', async (t) => {
  verifies('drive.webdav.peers');
  if (!hasJudges(t, 'rclone')) return;
  const node = await startMountedNode(t);
  writeFileSync(join(node.folder, 'owner.key'), node.key, { mode: 0o600 });
  writeFileSync(join(node.folder, 'report.pdf'), 'a report');
  mkdirSync(join(node.folder, 'photos', '2026'), { recursive: true });
  writeFileSync(join(node.folder, 'photos', '2026', 'cat.jpg'), 'a cat');
  symlinkSync(join(root, 'freehold'), join(node.folder, 'freehold'));
  const env = {
    FREEHOLD_NODE: new URL(node.url).origin,
    FREEHOLD_USER: node.user,
    FREEHOLD_PASSWORD: node.password,
    RCLONE_CONFIG: join(node.folder, 'rclone.conf'),
    PATH: `${node.folder}:${process.env['PATH']}`,
  };
  const said: string[] = [];
  for (const line of blocks.flatMap((block) => block.split('\n'))) {
    const { code, output } = await node.run('bash', ['-c', line.replace('http://localhost:4200/dav/', node.url)], { env });
    assert.equal(code, 0, `${line}\n${output}`);
    said.push(output);
  }
  assert.equal(said.length, 10);
  assert.match(said[0] ?? '', /^fp-[0-9a-z-]{29}\n$/);
  assert.match(said[1] ?? '', /laptop +write +never/);
  assert.match(said[4] ?? '', /0 differences found/);
  assert.match(said[5] ?? '', /^2026\/cat\.jpg$/m);
  assert.equal(readFileSync(join(node.folder, 'back.pdf'), 'utf8'), 'a report');
});
