import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { entry, challenge, loginAnswer } from '@freehold/protocol';
import { privateKeyToAccount } from 'viem/accounts';
import { z } from 'zod';
import { verifies } from '../../../../requirements/verifies.ts';
import { openTestDir, runCommand, startNode } from '../testing/run-command.ts';

const account = privateKeyToAccount(`0x${'42'.repeat(32)}`);

/** Uploads as the owner of a fresh node. */
async function upload(url: string, files: Record<string, Uint8Array<ArrayBuffer>>) {
  const post = async (path: string, body: unknown) =>
    (
      await fetch(new URL(path, url), { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    ).json();
  const { nonce, message } = challenge.parse(await post('/api/auth/challenge', { address: account.address }));
  const signature = await account.signMessage({ message });
  const { token } = loginAnswer.parse(await post('/api/auth/login', { nonce, signature, transport: 'bearer' }));
  const headers = { authorization: `Bearer ${token}` };
  const { id } = entry.parse(await (await fetch(new URL('/api/drive/root', url), { headers })).json());
  for (const [name, body] of Object.entries(files)) {
    const answer = await fetch(new URL(`/api/drive/files?parent=${id}&name=${name}`, url), { method: 'PUT', headers, body });
    assert.equal(answer.status, 201);
  }
  return headers;
}

const health = z.object({ checks: z.object({ content: z.object({ message: z.string().optional(), details: z.unknown().optional() }) }) });

test('fsck on a stopped node: finds, repairs, tells with its exit code; a running node is asked', async (t) => {
  verifies('drive.fsck');
  const dir = openTestDir(t);
  const freehold = (...argv: string[]) => runCommand(argv, { dir });
  const withNode = async (work: (url: string) => Promise<unknown>) => {
    const { url, end } = await startNode(dir);
    try {
      await work(url);
    } finally {
      await end();
    }
  };
  const change = (sql: string) => {
    const database = new DatabaseSync(join(dir, 'data', 'freehold.db'));
    database.exec(sql);
    database.close();
  };

  const nothing = await freehold('fsck', '--data', 'data');
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /There is no node in .*data/);
  assert.equal((await freehold('fsck', '--data', 'data', '--fast')).code, 2);

  await withNode(async (url) => {
    await upload(url, { 'small.txt': new Uint8Array(100), 'large.bin': new Uint8Array(100_000) });
    const asked = await freehold('fsck', '--data', 'data', '--node', url);
    assert.deepEqual([asked.code, asked.stdout], [0, 'All is well.\n'], asked.stderr);
    change('UPDATE drive SET used = 7');
    const json = JSON.parse((await freehold('fsck', '--data', 'data', '--node', url, '--json')).stdout);
    assert.deepEqual([json.ok, json.findings.length, json.findings[0].kind], [false, 1, 'usage_miscounted']);
    const refused = await freehold('fsck', '--data', 'data', '--node', url, '--repair');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is running, and nothing is repaired[\s\S]*Stop the node/);
    mkdirSync(join(dir, 'other'));
  });

  const found = await freehold('fsck', '--data', 'data');
  assert.equal(found.code, 3);
  assert.match(found.stdout, /^wrong {5}Drive \w+ counts 7 bytes as used, but holds 100100\.\n\n1 to repair: freehold fsck --repair\n$/);
  const repaired = await freehold('fsck', '--data', 'data', '--repair');
  assert.equal(repaired.code, 0);
  assert.match(repaired.stdout, /^repaired {2}Drive[\s\S]*All is well\. 1 repaired\.\n$/);
  assert.deepEqual(JSON.parse((await freehold('fsck', '--data', 'data', '--json', '--rehash')).stdout), {
    dataDirectory: join(dir, 'data'),
    ok: true,
    findings: [],
  });

  const blobs = join(dir, 'data', 'drive', 'blobs');
  const [file] = readdirSync(blobs, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  writeFileSync(join(file?.parentPath ?? '', file?.name ?? ''), new Uint8Array(100_000).fill(1));
  assert.equal((await freehold('fsck', '--data', 'data')).code, 0, 'it shows only when every byte is read');
  const lost = await freehold('fsck', '--data', 'data', '--rehash', '--repair');
  assert.equal(lost.code, 4);
  assert.match(lost.stdout, /^lost {6}Content baf\w+ is damaged[\s\S]*"large\.bin"[\s\S]*1 that no program can repair: see above\.\n$/);
  await withNode(async (url) => {
    const contentOf = async (headers: Record<string, string>) =>
      health.parse(await (await fetch(new URL('/api/health', url), { headers })).json()).checks.content;
    const seen = await contentOf({});
    assert.match(seen.message ?? '', /1 stored contents are damaged/);
    assert.equal(seen.details, undefined, 'not for anyone');
    const owner = await upload(url, {});
    assert.deepEqual(z.array(z.object({ cid: z.string(), size: z.literal(100_000) })).parse((await contentOf(owner)).details).length, 1);
    await upload(url, { 'again.bin': new Uint8Array(100_000) });
    assert.deepEqual(await contentOf(owner), {});
    assert.equal((await freehold('fsck', '--data', 'data', '--node', url, '--rehash')).code, 0);
  });
  rmSync(join(dir, 'data', 'freehold.db'));
  writeFileSync(join(dir, 'data', 'freehold.db'), 'this is no database, though it is long enough to be looked at as one');
  const garbage = await freehold('fsck', '--data', 'data');
  assert.equal(garbage.code, 1);
  assert.match(garbage.stderr, /database/i);
});
