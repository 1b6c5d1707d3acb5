import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DstackClient } from '@phala/dstack-sdk';
import { addressOfPublicKey, followKeyChain, fromHex, toHex, walletPath, type KeyChain, type WalletAlgorithm } from '@freehold/protocol';
import secp256k1 from 'secp256k1';
import { verifies } from '../../../../requirements/verifies.ts';
import { recoverAddress, recoverPublicKey } from '../recover.ts';
import { teeKeeperArguments } from './arguments.ts';
import { derive, issue, issueKey, standInRoot as standInSecret } from './stand-in/derive.ts';
import { openStandIn, standInRoot, type StandIn } from './stand-in/stand-in.ts';
import { openTeeKeeper, type TeeKeeper } from './tee-keeper.ts';
import { nodePath } from './tee/question.ts';
import { countInMemory, formsOf } from './testing/memory.ts';

let standIn: StandIn;
let keeper: TeeKeeper;
const directory = mkdtempSync(join(tmpdir(), 'freehold-tee-'));
const events: string[] = [];
const log = (event: string, fields: object) => events.push(`${event} ${JSON.stringify(fields)}`);
const recover = (digest: Uint8Array, signature: Uint8Array) => recoverPublicKey(digest, signature, { compressed: true });

before(async () => {
  standIn = await openStandIn();
  keeper = await openTeeKeeper({ at: { servicePath: standIn.path }, log });
});
after(async () => {
  await keeper.stop();
  await standIn.stop();
  rmSync(directory, { recursive: true, force: true });
});

const pathOf = (userId: string, { version = 1, algorithm = 'secp256k1' }: { version?: number; algorithm?: WalletAlgorithm } = {}) =>
  walletPath({ subject: { userId }, version, algorithm });
const compressed = (publicKey: Uint8Array) => (publicKey.length === 32 ? publicKey : secp256k1.publicKeyConvert(publicKey, true));
const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

test('the derivation is that of dstack: its published vectors', () => {
  verifies('wallet.derive.distinct');
  const key = derive(Buffer.from('1A2B3C4D5E6F7A8B9C0D1E2F3A4B5C6D7E8F9A0B1C2D3E4F5A6B7C8D9E0F1A2B', 'hex'), 'vms');
  assert.equal(Buffer.from(secp256k1.publicKeyCreate(key, true)).toString('base64url'), 'A6t_JdVkVdMAocH3f1f20WGT6JzdntxcXimUtEax8zc9');
  const dummy = {
    key: Buffer.from('1A2B3C4D5E6F7A8B9C0D1E2F3A4B5C6D7E8F9A0B1C2D3E4F5A6B7C8D9E0F1A2B', 'hex'),
    appId: Buffer.alloc(20),
    issued: Buffer.alloc(65),
  };
  const { publicKey } = issueKey(dummy, { path: 'vms', purpose: '', algorithm: 'ed25519' });
  assert.equal(publicKey.toString('base64url'), '5Pbre1Amf1hrp2V2bbfKlIfxpQb2pJAmrgmhxgVoG9s');
});

test('the official client works with the stand-in, and shows why the seed’s own call would give everybody one key', async () => {
  verifies('wallet.derive.distinct');
  const client = new DstackClient(standIn.path);
  assert.equal(await client.isReachable(), true);
  const info = await client.info();
  assert.match(info.cloud_product ?? '', /NOT A TEE/);
  const [alice, bob] = await Promise.all([client.getKey('wallet/ethereum', 'alice'), client.getKey('wallet/ethereum', 'bob')]);
  assert.equal(toHex(alice.key), toHex(bob.key), 'the purpose is not in the derivation');
  const ours = await Promise.all(['alice', 'bob'].map((user) => client.getKey(pathOf(user), pathOf(user))));
  assert.notEqual(toHex(ours[0]?.key ?? assert.fail()), toHex(ours[1]?.key ?? assert.fail()));
  const { publicKey } = await keeper.wallets.publicKey({ path: pathOf('alice'), algorithm: 'secp256k1' });
  assert.equal(
    toHex(secp256k1.publicKeyCreate(ours[0]?.key ?? assert.fail(), false)),
    toHex(publicKey),
    'the keeper has the key that the client has',
  );
  const signed = await client.sign('secp256k1_prehashed', randomBytes(32));
  assert.equal(signed.signature_chain.length, 3);
  await assert.rejects(client.getKey('p', 'q', 'rsa'));
});

test('people, versions and algorithms have keys of their own; the same ones again have the same', async () => {
  verifies('wallet.derive.distinct');
  const wanted = ['alice', 'bob', 'ålice', 'alice\0', '0x52908400098527886E0F7030069857D2E4169EE7'].flatMap((user) =>
    [1, 2].flatMap((version) =>
      (['secp256k1', 'ed25519'] as const).map((algorithm) => ({ path: pathOf(user, { version, algorithm }), algorithm })),
    ),
  );
  const keys = await Promise.all(wanted.map((each) => keeper.wallets.publicKey(each)));
  assert.equal(new Set(keys.map(({ publicKey }) => toHex(publicKey))).size, wanted.length);
  const again = await Promise.all(wanted.map((each) => keeper.wallets.publicKey(each)));
  assert.deepEqual(again, keys);
  const account = walletPath({ subject: { account: 'alice' }, version: 1, algorithm: 'secp256k1' });
  assert.notEqual(account, pathOf('alice'), 'an account is not the user id of the same name');
});

test('a chain leads from the key through this application to the root, and from nothing else', async () => {
  verifies('wallet.chain');
  const appId = fromHex(keeper.wallets.service.appId);
  for (const algorithm of ['secp256k1', 'ed25519'] as const) {
    const purpose = pathOf('alice', { algorithm });
    const { publicKey, chain } = await keeper.wallets.publicKey({ path: purpose, algorithm });
    const follow = (changes: Partial<Parameters<typeof followKeyChain>[0]>) =>
      followKeyChain({ publicKey: compressed(publicKey), purpose, chain, appId, recover, ...changes })?.root;
    assert.equal(follow({}), standInRoot);
    const bob = await keeper.wallets.publicKey({ path: pathOf('bob', { algorithm }), algorithm });
    const swapped: KeyChain = [chain[1], chain[0]];
    for (const changes of [
      { purpose: pathOf('bob', { algorithm }) },
      { publicKey: compressed(bob.publicKey) },
      { chain: bob.chain },
      { chain: swapped },
      { appId: randomBytes(20) },
      { chain: [chain[0].replace(/..$/, '05'), chain[1]] as const as KeyChain },
    ])
      assert.notEqual(follow(changes), standInRoot, JSON.stringify(Object.keys(changes)));
  }
  const other = issue(randomBytes(32), Buffer.from(appId));
  const foreign = issueKey(other, { path: 'x', purpose: 'x', algorithm: '' });
  const links = followKeyChain({
    ...foreign,
    purpose: 'x',
    chain: [toHex(foreign.chain[0] ?? assert.fail()), toHex(other.issued)],
    appId,
    recover,
  });
  assert.ok(links && links.root !== standInRoot, 'a chain of another root leads to that root');
});

test('signatures are those of the key', async () => {
  verifies('wallet.sign');
  const { publicKey } = await keeper.wallets.publicKey({ path: pathOf('alice'), algorithm: 'secp256k1' });
  const digests = Array.from({ length: 50 }, () => randomBytes(32));
  const signatures = await Promise.all(digests.map((data) => keeper.wallets.sign({ path: pathOf('alice'), algorithm: 'secp256k1', data })));
  for (const [index, { signature }] of signatures.entries()) {
    assert.match(signature, /^0x[0-9a-f]{128}(1b|1c)$/);
    assert.equal(recoverAddress(digests[index] ?? assert.fail(), signature), addressOfPublicKey(publicKey));
  }
  const text = Buffer.from('Grüße aus der Sonne');
  const ed = await keeper.wallets.sign({ path: pathOf('alice', { algorithm: 'ed25519' }), algorithm: 'ed25519', data: text });
  const spki = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), ed.publicKey]),
    format: 'der',
    type: 'spki',
  });
  assert.equal(verify(null, text, spki, fromHex(ed.signature)), true);
  const digest = randomBytes(32);
  assert.equal(recoverAddress(digest, await keeper.signDigest(digest)), keeper.address);
});

test('the node’s key is the same after a restart, and no question gets at it', async () => {
  verifies('wallet.nonpersistence');
  const again = await openTeeKeeper({ at: { servicePath: standIn.path }, log });
  assert.equal(again.address, keeper.address);
  await again.stop();
  for (const path of [nodePath, 'freehold/node/v1/secp256k1/', '', 'vms', 'freehold/wallet'])
    await assert.rejects(keeper.wallets.sign({ path, algorithm: 'secp256k1', data: randomBytes(32) }), { code: 'tee_failed' });
  await assert.rejects(keeper.wallets.sign({ path: pathOf('a'), algorithm: 'secp256k1', data: randomBytes(31) }), { code: 'tee_failed' });
  await assert.rejects(keeper.wallets.quote(randomBytes(65)), { code: 'tee_failed' });
  assert.equal((await keeper.wallets.quote(Buffer.from('ab')))['report_data'], Buffer.concat([Buffer.from('ab')], 64).toString('hex'));
});

test('the process that reaches the key service reaches nothing else', async () => {
  verifies('wallet.nonpersistence');
  const secret = join(directory, 'secret');
  const target = join(directory, 'target');
  const connections: unknown[] = [];
  const server = createServer((socket) => connections.push(socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const probe = fileURLToPath(new URL('./testing/probe.ts', import.meta.url));
  // The same rights, another program in the place of the keeper's.
  const rights = teeKeeperArguments({ servicePath: standIn.path }).slice(0, -2);
  assert.ok(rights.every((argument) => argument.startsWith('--')));
  const child = spawn(
    process.execPath,
    [...rights, `--allow-fs-read=${probe}`, probe, target, String((server.address() as AddressInfo).port), secret],
    { env: {}, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(child, 'close');
  server.close();
  const { result } = JSON.parse(out) as { result: Record<string, string> };
  assert.deepEqual(
    Object.entries(result).filter(([, answer]) => answer === 'ALLOWED'),
    [],
  );
  assert.equal(existsSync(target), false);
  assert.equal(connections.length, 0);
});

test('a keeper by itself serves its socket to the same user, and another node connects to it', async () => {
  verifies('wallet.nonpersistence');
  const listenPath = join(directory, 'keeper.sock');
  const child = spawn(process.execPath, teeKeeperArguments({ servicePath: standIn.path, listenPath }), {
    env: {},
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    for (let wait = 0; !existsSync(listenPath) && wait < 500; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(statSync(listenPath).mode & 0o777, 0o600);
    let deaths = 0;
    const remote = await openTeeKeeper({ at: { keeperPath: listenPath }, log, onDeath: () => deaths++ });
    assert.equal(remote.address, keeper.address);
    const digest = randomBytes(32);
    assert.equal(recoverAddress(digest, await remote.signDigest(digest)), keeper.address);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await assert.rejects(remote.signDigest(digest), { code: 'keeper_failed' });
    assert.equal(deaths, 1);
  } finally {
    child.kill('SIGKILL');
  }
});

test('what goes wrong is told in words: no service, a service that ends', async () => {
  await assert.rejects(openTeeKeeper({ at: { servicePath: join(directory, 'nothing.sock') }, log }), {
    code: 'keeper_failed',
    message: /ENOENT/,
  });
  await assert.rejects(openTeeKeeper({ at: { keeperPath: join(directory, 'nothing.sock') }, log }), {
    code: 'keeper_failed',
    message: /ENOENT/,
  });
  const passing = await openStandIn();
  const orphan = await openTeeKeeper({ at: { servicePath: passing.path }, log });
  await passing.stop();
  await assert.rejects(orphan.wallets.publicKey({ path: pathOf('x'), algorithm: 'secp256k1' }), { code: 'tee_failed' });
  const digest = randomBytes(32);
  assert.equal(recoverAddress(digest, await orphan.signDigest(digest)), orphan.address, 'the node still signs its receipts');
  await orphan.stop();
});

test('after use no key is left in the memory of the keeper', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
  verifies('wallet.nonpersistence');
  const before = new Set(childrenOf(process.pid));
  const watched = await openTeeKeeper({ at: { servicePath: standIn.path }, log });
  try {
    const pid = childrenOf(process.pid).find((id) => !before.has(id)) ?? assert.fail();
    const issuer = issue(standInSecret, fromHex(watched.wallets.service.appId));
    const count = (path: string) => countInMemory(pid, formsOf(derive(issuer.key, path)));
    assert.ok(count(nodePath) >= 1, 'the scan can find: the node’s own key is there');
    for (const algorithm of ['secp256k1', 'ed25519'] as const) {
      const path = pathOf('canary', { algorithm });
      for (let round = 0; round < 50; round++) await watched.wallets.sign({ path, algorithm, data: randomBytes(32) });
      await watched.wallets.publicKey({ path, algorithm });
      assert.equal(count(path), 0, algorithm);
    }
  } finally {
    await watched.stop();
  }
});
