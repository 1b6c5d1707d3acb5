import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { verifies } from '../requirements/verifies.ts';
import { freehold, hasCurl, root, startNodeProcess, temporaryDirectory, type NodeProcess } from '../test/harness/node-process.ts';

const withoutCurl = hasCurl() ? false : 'curl is not installed (apt install curl)';
const withoutPython = existsSync('/usr/bin/python3') ? false : 'no /usr/bin/python3 on this machine';
const place = temporaryDirectory();
let node: NodeProcess;

before(async () => {
  node = await startNodeProcess(join(place.path, 'data'));
  symlinkSync(join(root, 'freehold'), join(place.path, 'freehold'));
  const made = freehold(['key', 'new', '--out', join(place.path, 'config/freehold/key')], { node: node.url });
  assert.equal(made.code, 0, made.stderr);
});
after(async () => {
  await node?.stop();
  place.remove();
});

/** Does what the README of an example says, and answers what came last. */
function follow(example: string): unknown {
  const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(readFileSync(join(root, 'examples', example, 'README.md'), 'utf8')) ?? [];
  let last = '';
  for (const command of block.trim().split('\n')) {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command.replace('http://localhost:4200', node.url)], {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: `${place.path}${delimiter}${process.env['PATH'] ?? ''}`,
        XDG_CONFIG_HOME: join(place.path, 'config'),
        FREEHOLD_NODE: node.url,
      },
    });
    assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
    last = stdout;
  }
  return JSON.parse(last);
}

test('the tool in TypeScript greets', { skip: withoutCurl }, () => {
  verifies('compute.sdk.hello');
  assert.deepEqual(follow('hello-tool'), { greeting: 'Hello, Ada!' });
});

test('the tool in Python computes', { skip: withoutCurl || withoutPython }, async () => {
  verifies('compute.tool.warm');
  const summary = follow('summary');
  assert.deepEqual(summary, { count: 3, mean: 2, median: 2, deviation: Math.sqrt(2 / 3), smallest: 1, largest: 3 });
  const ask = (numbers: unknown) => fetch(new URL('/summary.tool', node.url), { method: 'POST', body: JSON.stringify({ numbers }) });
  assert.equal((await ask([])).status, 400);
  assert.equal((await ask([1e308, 1e308, 1e308])).status, 413);
});
