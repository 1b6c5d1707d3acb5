import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { verifies } from '../requirements/verifies.ts';
import { freehold, root, startNodeProcess, temporaryDirectory } from './harness/node-process.ts';

const guard = { NODE_OPTIONS: `--import=${pathToFileURL(join(root, 'test/harness/no-network.mjs')).href}` };

test('a node starts, starts again on the same data, and never leaves this machine', async () => {
  verifies('foundation.start', 'foundation.start.offline', 'cloud.login.offline', 'cloud.files.local');
  const place = temporaryDirectory();
  try {
    const caught = spawnSync(process.execPath, ['-e', "require('net').connect(80, '192.0.2.1')"], {
      env: { ...process.env, ...guard },
      encoding: 'utf8',
    });
    assert.equal(caught.status, 77, 'the guard itself must bite');

    for (const start of ['first', 'second']) {
      const node = await startNodeProcess(place.path, guard);
      try {
        const health = await fetch(new URL('/api/health', node.url));
        assert.equal(health.status, 200, start);
        const page = await fetch(node.url);
        assert.match(await page.text(), /<div id="root"|<!doctype html>/i);
        assert.match(node.claimCode, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
      } finally {
        assert.equal(await node.stop(), 0, start);
      }
    }
  } finally {
    place.remove();
  }
});

test('a second node on the same data directory is refused with a sentence, and the first goes on', async () => {
  const place = temporaryDirectory();
  const node = await startNodeProcess(place.path);
  try {
    const { code, stderr } = freehold(['up', '--port', '0', '--data', place.path], { node: node.url });
    assert.equal(code, 1);
    assert.match(stderr, /Another Freehold is running/);
    const { port } = new URL(node.url);
    const other = temporaryDirectory();
    const taken = freehold(['up', '--port', port, '--data', other.path], { node: node.url });
    other.remove();
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /Port \d+ is taken/);
    assert.equal((await fetch(new URL('/api/health', node.url))).status, 200);
  } finally {
    await node.stop();
    place.remove();
  }
});

test('a node that was killed starts again where it was', async () => {
  const place = temporaryDirectory();
  try {
    const node = await startNodeProcess(place.path);
    await fetch(new URL('/api/chain/faucet', node.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address: `0x${'ab'.repeat(20)}` }),
    });
    await node.kill();
    const again = await startNodeProcess(place.path);
    const response = await fetch(new URL(`/api/chain/balance?address=0x${'ab'.repeat(20)}`, again.url));
    assert.equal(JSON.parse(await response.text()).amount, '100000000');
    assert.equal(await again.stop(), 0);
  } finally {
    place.remove();
  }
});
