import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keccak256, toHex } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { openTestDir, runCommand, type Options } from './testing/run-command.ts';

function open(t: Parameters<typeof openTestDir>[0]) {
  const dir = openTestDir(t);
  return { dir, freehold: (argv: string[], options: Options = {}) => runCommand(argv, { dir, ...options }) };
}

const commands = [
  'up',
  'offer',
  'offer list',
  'offer withdraw',
  'curl',
  'run',
  'key',
  'key new',
  'key address',
  'key derive',
  'key sha256',
  'key fund',
  'key balance',
  'password',
  'password new',
  'password list',
  'password revoke',
  'program',
  'program list',
  'program remove',
  'task',
  'task health',
  'task list',
  'task show',
  'task stdout',
  'task stderr',
  'task verify',
  'task cancel',
  'doctor',
  'fsck',
];

test('every command has help with an example, on standard output', async (t) => {
  verifies('foundation.cli');
  const { freehold } = open(t);
  for (const command of commands) {
    const { code, stdout, stderr } = await freehold([...command.split(' '), '--help']);
    assert.deepEqual([code, stderr], [0, ''], command);
    assert.match(stdout, new RegExp(`^Usage: freehold ${command}[\\s\\S]*Example:\\n  freehold ${command}`), command);
  }
  const { code, stdout } = await freehold(['help']);
  assert.equal(code, 0);
  for (const command of ['up', 'offer', 'curl', 'key', 'password', 'task', 'fsck', 'doctor'])
    assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
  assert.match((await freehold(['help', 'curl'])).stdout, /--trace-pay/);
  assert.match((await freehold(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('a command line that is not understood is exit 2, with what was meant', async (t) => {
  verifies('foundation.cli');
  const { freehold } = open(t);
  const cases: [string[], RegExp][] = [
    [[], /Usage: freehold/],
    [['kye', 'new'], /unknown command 'kye'[\s\S]*Did you mean key\?/],
    [['key', 'new', '--jsn'], /unknown option '--jsn'[\s\S]*Did you mean --json\?/],
    [['key', 'derive'], /missing required argument 'namespace'/],
    [['offer', 'a.wasm'], /--name is needed[\s\S]*Example: freehold offer a\.wasm/],
    [['offer', 'a.wasm', '--name', 'a'], /--price is needed/],
    [['key', 'balance', '0x12'], /is no address/],
    [['up', '--port', 'many'], /--port/],
    [['doctor', '--port', 'many'], /--port many/],
    [['curl'], /Usage: freehold curl/],
  ];
  for (const [argv, says] of cases) {
    const { code, stdout, stderr } = await freehold(argv);
    assert.deepEqual([code, stdout], [2, ''], `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, says);
  }
});

test('keys are made for their owner alone, never overwritten, and derived as os402 derives them', async (t) => {
  verifies('foundation.cli', 'fn.key');
  const { freehold, dir } = open(t);
  const { stdout: address } = await freehold(['key', 'new', '--out', 'wallet.key']);
  assert.equal(statSync(join(dir, 'wallet.key')).mode & 0o777, 0o600);
  const written = readFileSync(join(dir, 'wallet.key'), 'utf8').trim() as `0x${string}`;
  assert.equal(address.trim(), privateKeyToAddress(written));

  const again = await freehold(['key', 'new', '--out', 'wallet.key']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /never overwritten/);
  assert.equal(readFileSync(join(dir, 'wallet.key'), 'utf8').trim(), written);

  for (const [argv, env] of [
    [['--key', '@wallet.key'], {}],
    [['--key', written], {}],
    [['--key', 'env:MINE'], { MINE: written }],
    [[], { FREEHOLD_KEY: written }],
    [[], { FREEHOLD_KEY: '@wallet.key' }],
  ] as [string[], Record<string, string>][]) {
    assert.equal((await freehold(['key', 'address', ...argv], { env })).stdout, address, argv.join(' '));
  }
  mkdirSync(join(dir, 'home/.config/freehold'), { recursive: true });
  writeFileSync(join(dir, 'home/.config/freehold/key'), `${written}\n`);
  assert.equal((await freehold(['key', 'address'])).stdout, address, 'the key file is used when nothing is named');

  const derived = await freehold(['key', 'derive', 'shop', '--key', `0x${'11'.repeat(32)}`]);
  assert.equal(derived.stdout.trim(), keccak256(`0x${'11'.repeat(32)}${toHex('shop').slice(2)}`));
  const fresh = JSON.parse((await freehold(['key', 'new', '--json'])).stdout);
  assert.equal(privateKeyToAddress(fresh.key), fresh.address);
});

test('a key that is none, or cannot be found, is told without being shown', async (t) => {
  verifies('foundation.cli');
  const { freehold, dir } = open(t);
  writeFileSync(join(dir, 'bad.key'), 'hunter2 is my password');
  const zero = `0x${'00'.repeat(32)}`;
  for (const [argv, says] of [
    [['--key', '@bad.key'], /does not hold a private key/],
    [['--key', '@gone.key'], /There is no key file/],
    [['--key', 'env:NOWHERE'], /NOWHERE is not set/],
    [['--key', zero], /not a private key/],
    [[], /no key to sign with[\s\S]*freehold key new --out/],
  ] as [string[], RegExp][]) {
    const { code, stderr } = await freehold(['key', 'address', ...argv]);
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /hunter2|0{64}/);
  }
});

test('sha256 of a file and of standard input', async (t) => {
  verifies('foundation.cli');
  const { freehold, dir } = open(t);
  writeFileSync(join(dir, 'program'), 'abc');
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  assert.equal((await freehold(['key', 'sha256', 'program'])).stdout, `${abc}\n`);
  assert.deepEqual(JSON.parse((await freehold(['key', 'sha256', '-', '--json'], { stdin: 'abc' })).stdout), { sha256: abc });
  assert.equal((await freehold(['key', 'sha256', 'missing'])).code, 1);
});

test('doctor tells each thing as ok, warn or fail with what to do, and exits 1 for a failure', async (t) => {
  verifies('foundation.cli');
  const { freehold, dir } = open(t);
  const bad = await freehold(['doctor', '--json', '--data', '/proc/freehold', '--node', 'http://127.0.0.1:1']);
  assert.equal(bad.code, 1);
  const report = JSON.parse(bad.stdout);
  const states = new Map(report.findings.map(({ name, state }: { name: string; state: string }) => [name, state]));
  assert.equal(report.ok, false);
  assert.deepEqual([states.get('data'), states.get('node'), states.get('node.js')], ['fail', 'warn', 'ok']);
  assert.ok(
    report.findings.every(({ state, fix }: { state: string; fix?: string }) => state === 'ok' || fix),
    'everything that is not ok says what to do',
  );

  mkdirSync(join(dir, 'home/.config/freehold'), { recursive: true });
  writeFileSync(join(dir, 'home/.config/freehold/key'), 'x', { mode: 0o644 });
  const text = await freehold(['doctor', '--data', dir, '--node', 'http://127.0.0.1:1']);
  assert.equal(text.code, 1);
  assert.match(text.stdout, /^fail  key .*can be read by others\n +chmod 600 /m);
});

test('a node that is not there is told, with how to start it', async (t) => {
  verifies('foundation.cli');
  const { freehold } = open(t);
  const { code, stdout, stderr } = await freehold(['offer', 'list', '--node', 'http://127.0.0.1:1']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /does not answer: [\s\S]*freehold up/);
});
