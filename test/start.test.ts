import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
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

    const owner = privateKeyToAccount(generatePrivateKey());
    for (const start of ['first', 'second']) {
      const node = await startNodeProcess(place.path, guard);
      try {
        const health = await fetch(new URL('/api/health', node.url));
        assert.equal(health.status, 200, start);
        await keepsAFile(node.url, owner, start === 'first');
        const page = await fetch(node.url);
        assert.match(await page.text(), /<div id="root"|<!doctype html>/i);
        if (start === 'first') assert.match(node.claimCode, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
      } finally {
        assert.equal(await node.stop(), 0, start);
      }
    }
  } finally {
    place.remove();
  }
});

/** Signs in and stores a file, or finds it again. */
async function keepsAFile(url: string, owner: PrivateKeyAccount, isNew: boolean) {
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(new URL(path, url), init);
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response;
  };
  const post = (path: string, body: unknown) =>
    call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).then(async (response) =>
      JSON.parse(await response.text()),
    );
  const { nonce, message } = await post('/api/auth/challenge', { address: owner.address });
  const { token } = await post('/api/auth/login', { nonce, signature: await owner.signMessage({ message }), transport: 'bearer' });
  const headers = { authorization: `Bearer ${token}` };
  const root = JSON.parse(await (await call('/api/drive/root', { headers })).text());
  const content = 'kept '.repeat(100_000);
  if (isNew) await call(`/api/drive/files?parent=${root.id}&name=kept.txt`, { method: 'PUT', headers, body: content });
  const { id } = JSON.parse(await (await call('/api/drive/stat?path=/kept.txt', { headers })).text());
  assert.equal(await (await call(`/api/drive/files/${id}/content`, { headers })).text(), content);
}

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
