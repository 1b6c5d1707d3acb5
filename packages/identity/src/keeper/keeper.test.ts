import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { addressOfPublicKey, toHex } from '@freehold/protocol';
import secp256k1 from 'secp256k1';
import { verifies } from '../../../../requirements/verifies.ts';
import { recoverAddress } from '../recover.ts';
import { malleate } from '../testing/wallet.ts';
import { keeperArguments } from './arguments.ts';
import { openKeeper } from './keeper.ts';

const directory = mkdtempSync(join(tmpdir(), 'freehold-keeper-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

test('signatures recover to the address of the keeper, with a low s; each keeper has a key of its own', async () => {
  verifies('foundation.keeper');
  const events: string[] = [];
  const log = (event: string, fields: object) => events.push(`${event} ${JSON.stringify(fields)}`);
  const [keeper, other] = await Promise.all([openKeeper({ log }), openKeeper({ log })]);
  assert.notEqual(keeper.address, other.address);
  const digests = Array.from({ length: 200 }, () => randomBytes(32));
  const signatures = await Promise.all(digests.map((digest) => keeper.signDigest(digest)));
  for (const [index, signature] of signatures.entries()) {
    const digest = digests[index] ?? assert.fail();
    assert.match(signature, /^0x[0-9a-f]{128}(1b|1c)$/);
    assert.equal(recoverAddress(digest, signature), keeper.address);
    assert.equal(recoverAddress(digest, malleate(signature)), undefined, 'the twin has the high s');
  }
  await assert.rejects(keeper.signDigest(randomBytes(31)), TypeError);
  await Promise.all([keeper.stop(), other.stop()]);
  await assert.rejects(keeper.signDigest(randomBytes(32)), { code: 'keeper_failed' });
  assert.equal(events.filter((line) => line.startsWith('keeper.started')).length, 2);
  assert.equal(events.filter((line) => line.startsWith('keeper.stopped')).length, 2);
});

test('a key that is given signs, and is wiped where it came from; one that is none is refused', async () => {
  const key = randomBytes(32);
  const address = addressOfPublicKey(secp256k1.publicKeyCreate(key, false));
  const keeper = await openKeeper({ log: () => undefined, key });
  assert.equal(keeper.address, address);
  const digest = randomBytes(32);
  assert.equal(recoverAddress(digest, await keeper.signDigest(digest)), address);
  assert.deepEqual(key, Buffer.alloc(32));
  await keeper.stop();
  await assert.rejects(openKeeper({ log: () => undefined, key: Buffer.alloc(32) }), { code: 'keeper_failed' });
});

test('the process with the key cannot write, read elsewhere, open sockets or start programs', async () => {
  verifies('foundation.keeper');
  const secret = join(directory, 'secret');
  const target = join(directory, 'target');
  writeFileSync(secret, 'x');
  const connections: unknown[] = [];
  const server = createServer((socket) => connections.push(socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const probe = fileURLToPath(new URL('./testing/probe.ts', import.meta.url));
  const child = spawn(process.execPath, [...keeperArguments(probe), target, String((server.address() as AddressInfo).port), secret], {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await once(child, 'close');
  server.close();
  const { result, environment } = JSON.parse(out || assert.fail(complaint)) as { result: Record<string, string>; environment: string[] };
  assert.ok(Object.keys(result).length > 25);
  assert.deepEqual(
    Object.entries(result).filter(([, answer]) => answer === 'ALLOWED'),
    [],
  );
  assert.equal(result['write a file'], 'ERR_ACCESS_DENIED');
  assert.equal(result['read /etc/passwd'], 'ERR_ACCESS_DENIED');
  assert.equal(existsSync(target), false);
  assert.equal(connections.length, 0);
  assert.deepEqual(environment, []);
});

test('the probe can fail: without the arguments of the keeper the same attempts succeed', () => {
  const target = join(directory, 'control');
  const probe = fileURLToPath(new URL('./testing/probe.ts', import.meta.url));
  const secret = join(directory, 'control-secret');
  writeFileSync(secret, 'x');
  const out = execFileSync(process.execPath, ['--no-warnings', probe, target, '1', secret], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { result } = JSON.parse(out.slice(out.indexOf('{"result"'))) as { result: Record<string, string> };
  rmSync('/tmp/freehold-keeper-probe', { force: true });
  for (const name of [
    'write a file',
    'read /etc/passwd',
    'read the data directory',
    'import net',
    'import child_process',
    'getBuiltinModule',
    'heap snapshot',
  ]) {
    assert.equal(result[name], 'ALLOWED', name);
  }
});

test('its death is final, is told once, and fails what was waiting', async () => {
  verifies('foundation.keeper');
  let deaths = 0;
  const before = new Set(childrenOf(process.pid));
  const keeper = await openKeeper({ log: () => undefined, onDeath: () => deaths++ });
  const pid = childrenOf(process.pid).find((id) => !before.has(id)) ?? assert.fail();
  process.kill(pid, 'SIGSTOP');
  const waiting = keeper.signDigest(randomBytes(32));
  process.kill(pid, 'SIGKILL');
  await assert.rejects(waiting, { code: 'keeper_failed', status: 503 });
  await assert.rejects(keeper.signDigest(randomBytes(32)), { code: 'keeper_failed' });
  await keeper.stop();
  assert.equal(deaths, 1);
});

test('an abort signal stops it; stopping is no death', async () => {
  let deaths = 0;
  const controller = new AbortController();
  const keeper = await openKeeper({ log: () => undefined, onDeath: () => deaths++, signal: controller.signal });
  controller.abort();
  await assert.rejects(keeper.signDigest(randomBytes(32)), { code: 'keeper_failed' });
  await keeper.stop();
  assert.equal(deaths, 0);
  await assert.rejects(openKeeper({ log: () => undefined, signal: controller.signal }), { name: 'AbortError' });
});

test('it dies with its parent, also when the parent is killed', async () => {
  verifies('foundation.keeper');
  const parent = spawn(
    process.execPath,
    [
      '--no-warnings',
      '--input-type=module-typescript',
      '--eval',
      `import { openKeeper } from ${JSON.stringify(new URL('./keeper.ts', import.meta.url).href)};
       await openKeeper({ log: () => undefined });
       console.log('ready');`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: fileURLToPath(new URL('.', import.meta.url)) },
  );
  await Promise.race([
    once(parent.stdout, 'data'),
    once(parent, 'exit').then(() => assert.fail('the parent ended before its keeper was ready')),
  ]);
  const [pid] = childrenOf(parent.pid ?? assert.fail());
  assert.ok(pid !== undefined && isAlive(pid));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  for (let wait = 0; isAlive(pid) && wait < 500; wait++) await sleep(10);
  assert.equal(isAlive(pid), false);
});

test('the process says its public key and signatures, byte for byte, and nothing else', async () => {
  verifies('foundation.keeper');
  const child = spawn(process.execPath, keeperArguments(fileURLToPath(new URL('./process.ts', import.meta.url))), {
    env: {},
    stdio: 'pipe',
  });
  const out: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const digest = randomBytes(32);
  child.stdin.write(digest.subarray(0, 10));
  await sleep(20);
  child.stdin.write(Buffer.concat([digest.subarray(10), digest, digest.subarray(0, 31)]));
  child.stdin.end();
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  const bytes = Buffer.concat(out);
  assert.equal(bytes.length, 65 * 3, 'the public key, two signatures, and no answer to a digest cut short');
  const address = addressOfPublicKey(bytes.subarray(0, 65));
  for (const start of [65, 130]) assert.equal(recoverAddress(digest, toHex(bytes.subarray(start, start + 65))), address);
  assert.equal(Buffer.concat(complaints).length, 0);
});
