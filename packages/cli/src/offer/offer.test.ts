import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openTestDir, runCommand, startNode } from '../testing/run-command.ts';

/** (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)) */
const adder = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex');
/** The header of an executable for a 64-bit ARM: enough to say what it is for. */
const armHead = Buffer.from('7f454c460201010000000000000000000200b700', 'hex');

test('freehold offer: several architectures, a dry run, parts, renewal, and documents that anybody can check', async (t) => {
  verifies('compute.offers.cli', 'fn.offer', 'fn.multiarch');
  const dir = openTestDir(t);
  const noise = Buffer.concat([Buffer.from([1, 0x78]), randomBytes(9 * 1024 * 1024)]);
  const length = noise.length;
  const section = Buffer.from([0, (length & 127) | 128, ((length >> 7) & 127) | 128, ((length >> 14) & 127) | 128, length >> 21]);
  writeFileSync(join(dir, 'adder.wasm'), adder);
  writeFileSync(join(dir, 'large.wasm'), Buffer.concat([adder, section, noise]));
  writeFileSync(join(dir, 'arm'), Buffer.concat([armHead, Buffer.alloc(200)]));
  const { url, end } = await startNode(dir);
  t.after(end);
  const freehold = (...argv: string[]) => runCommand(argv, { dir, env: { FREEHOLD_NODE: url, FREEHOLD_KEY: '@wallet.key' } });
  const json = async (...argv: string[]) => {
    const { code, stdout, stderr } = await freehold(...argv, '--json');
    assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  };
  await json('key', 'new', '--out', 'wallet.key');

  const sale = ['--name', 'adder', '--price', '0.002', '--tag', 'math', 'small', '--title', 'Sums'];
  const draft = await json('offer', 'adder.wasm', '--exe', 'arm', ...sale, '--dry-run');
  assert.deepEqual(
    draft.offer.programs.map(({ runtime }: { runtime: string }) => runtime),
    ['wasm', 'linux-arm64'],
    'read from the files',
  );
  assert.deepEqual(await json('offer', 'list'), []);
  assert.match((await freehold('offer', 'x86_64:arm', ...sale)).stderr, /is for linux-arm64, not for linux-x64/);
  assert.match((await freehold('offer', 'riscv:arm', ...sale)).stderr, /riscv is no architecture/);

  const sold = await json('offer', 'adder.wasm', '--program', 'arm', 'large.wasm', ...sale, '--upload', url);
  assert.equal(sold.offer.programs.length, 3);
  assert.equal(sold.offer.programs[2].cid, (await json('offer', 'large.wasm', ...sale, '--dry-run')).offer.programs[0].cid);
  assert.deepEqual(
    (await json('offer', 'list', '--tag', 'math')).map(({ id }: { id: string }) => id),
    [sold.id],
  );
  assert.deepEqual(await json('offer', 'list', '--tag', 'none'), []);

  const renewed = await json('offer', 'renew', 'adder', '--expires', '90d');
  assert.ok(renewed.offer.expiresAt > sold.offer.expiresAt + 50 * 86_400_000);
  assert.deepEqual({ ...renewed.offer, createdAt: 0, expiresAt: 0 }, { ...sold.offer, createdAt: 0, expiresAt: 0 });

  assert.equal((await json('offer', 'verify', `${url}/api/offers/adder`)).id, renewed.id);
  assert.equal((await json('offer', 'verify', `${url}/${renewed.id}`)).id, renewed.id);
  const { offer, signature } = renewed;
  writeFileSync(join(dir, 'good.json'), JSON.stringify({ offer, signature }));
  writeFileSync(join(dir, 'bad.json'), JSON.stringify({ offer: { ...offer, title: 'Other' }, signature }));
  assert.equal((await json('offer', 'verify', 'good.json')).owner, offer.owner);
  const bad = await freehold('offer', 'verify', 'bad.json');
  assert.deepEqual([bad.code, /changed after signing/.test(bad.stderr)], [1, true]);
  assert.equal((await freehold('offer', 'verify', 'wallet.key')).code, 1);
  assert.equal((await freehold('offer', 'verify', 'nothing.json')).code, 1);

  const secret = ['adder.wasm', '--name', 'secretive', '--price', '0', '--private-env', 'TOKEN=hunter2'];
  const [one, two] = [await json('offer', ...secret, '--dry-run'), await json('offer', ...secret, '--dry-run')];
  assert.notEqual(one.offer.secret.env, two.offer.secret.env, 'equal secrets have different hashes');
  assert.ok(!JSON.stringify(one).includes('hunter2'));
  assert.notEqual(one.offer.secret.env, createHash('sha256').update('{"TOKEN":"hunter2"}').digest('hex'));
  assert.match(
    (await freehold('offer', 'adder.wasm', '--name', 'x', '--price', '0', '--private-env', 'hunter2')).stderr,
    /must be NAME=value/,
  );
  assert.ok(!readFileSync(join(dir, 'data', 'freehold.db')).includes('hunter2'));
});
