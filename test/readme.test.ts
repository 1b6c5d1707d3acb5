import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../requirements/verifies.ts';
import { hasCurl, root, startNodeProcess, temporaryDirectory } from './harness/node-process.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => (match[1] ?? '').trim());

test('the README names the two commands, and they are in package.json', () => {
  verifies('foundation.docs');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.deepEqual(blocks.slice(0, 2), ['npm start', 'npm test']);
  assert.ok(scripts.start && scripts.test);
});

test(
  'the main job of the README, and a function in a minute, do what they say, line by line',
  { skip: hasCurl() ? false : 'curl is not installed (apt install curl)' },
  async () => {
    verifies('foundation.docs', 'foundation.cli');
    const place = temporaryDirectory();
    const node = await startNodeProcess(join(place.path, 'data'));
    try {
      for (const name of ['freehold', 'examples']) symlinkSync(join(root, name), join(place.path, name));
      const outputs: string[] = [];
      for (const line of [blocks[2], blocks[3]].join('\n').split('\n')) {
        const command = line.replace('http://localhost:4200', node.url);
        const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
          cwd: place.path,
          encoding: 'utf8',
          env: { ...process.env, FREEHOLD_NODE: node.url },
        });
        assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
        outputs.push(stdout);
      }
      assert.equal(outputs.length, 8);
      assert.equal(outputs[3], '42\n');
      assert.match(outputs[4] ?? '', /0\.001/);
      assert.deepEqual(JSON.parse(outputs[7] ?? ''), { greeting: 'Hello, Ada!' });
    } finally {
      await node.stop();
      place.remove();
    }
  },
);
