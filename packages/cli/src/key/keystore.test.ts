import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifies } from '../../../../requirements/verifies.ts';
import { openTestDir, runCommand, type Options } from '../testing/run-command.ts';
import { decryptKey } from './keystore.ts';

/** The test vectors of the specification: password "testpassword". */
const vectorKey = '7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
const scryptVector = JSON.stringify({
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: { dklen: 32, n: 262144, r: 1, p: 8, salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19' },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
});
const pbkdf2Vector = JSON.stringify({
  Crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: { c: 262144, dklen: 32, prf: 'hmac-sha256', salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd' },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  version: 3,
});

test('the test vectors of Web3 Secret Storage are opened, with the right password only', async () => {
  verifies('payments.client.keystore');
  for (const vector of [scryptVector, pbkdf2Vector])
    assert.equal(Buffer.from(await decryptKey(vector, 'testpassword', 'x')).toString('hex'), vectorKey);
  await assert.rejects(decryptKey(pbkdf2Vector, 'testpasswort', 'x'), { message: 'The password does not open x.' });
  const greedy = scryptVector.replace('262144', '1073741824');
  await assert.rejects(decryptKey(greedy, 'testpassword', 'x'), /1 GiB/);
  for (const broken of ['{', '{}', scryptVector.replace('scrypt', 'argon2'), scryptVector.replace('"version":3', '"version":1')])
    await assert.rejects(decryptKey(broken, 'testpassword', 'x'), /no key file that is understood/);
});

test('a key is made, imported and exported with a password from a file, a variable or the terminal; no message shows either', async (t) => {
  verifies('payments.client.keystore');
  const dir = openTestDir(t);
  const said: string[] = [];
  const freehold = async (args: string[], options: Options = {}) => {
    const result = await runCommand(['key', ...args], { dir, ...options });
    said.push(result.stderr);
    return result;
  };
  writeFileSync(join(dir, 'password'), 'correct horse\n');
  const made = await freehold(['new', '--out', 'made.json', '--password', '@password']);
  const address = made.stdout;
  assert.equal(statSync(join(dir, 'made.json')).mode & 0o777, 0o600);
  const stored = JSON.parse(readFileSync(join(dir, 'made.json'), 'utf8'));
  assert.equal(`0x${stored.address}`, address.trim().toLowerCase());
  assert.deepEqual([stored.version, stored.crypto.kdf, stored.crypto.kdfparams.n], [3, 'scrypt', 131072]);

  const opened = (options: Options) => freehold(['address', '--key', '@made.json'], options);
  assert.equal((await opened({ env: { FREEHOLD_KEY_PASSWORD: 'correct horse' } })).stdout, address);
  assert.equal((await opened({ env: { FREEHOLD_KEY_PASSWORD: '@password' } })).stdout, address);
  assert.equal((await opened({ env: { FREEHOLD_KEY_PASSWORD: 'env:P', P: 'correct horse' } })).stdout, address);
  assert.equal((await opened({ typed: ['correct horse'] })).stdout, address);
  const wrong = await opened({ typed: ['battery staple'] });
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  const nobody = await opened({});
  assert.match(nobody.stderr, /password is needed[\s\S]*FREEHOLD_KEY_PASSWORD=@FILE/);

  const { stdout: plain } = await freehold(['export', '--key', '@made.json'], { typed: ['correct horse'] });
  assert.match(plain, /^0x[0-9a-f]{64}\n$/);
  const imported = await freehold(['import', '-', '--encrypt'], { stdin: plain, typed: ['new one', 'new one'] });
  assert.equal(imported.stdout, address);
  assert.equal(
    (await freehold(['address'], { env: { FREEHOLD_KEY_PASSWORD: 'new one' } })).stdout,
    address,
    'it is where keys are looked for',
  );
  assert.match((await freehold(['import', '-'], { stdin: plain })).stderr, /never overwritten/);
  writeFileSync(join(dir, 'geth.json'), pbkdf2Vector);
  await freehold(['import', 'geth.json', '--out', 'plain.key'], { typed: ['testpassword'] });
  assert.equal(readFileSync(join(dir, 'plain.key'), 'utf8'), `0x${vectorKey}\n`);
  const typed = await freehold(['import', '--out', 'typed.key'], { typed: [vectorKey] });
  assert.equal(typed.code, 0);

  assert.match((await freehold(['new', '--encrypt', '--out', 'x'], { typed: ['a', 'b'] })).stderr, /differ/);
  assert.match((await freehold(['new', '--encrypt', '--out', 'x'], { typed: [''] })).stderr, /empty password/);
  const shown = await freehold(['new', '--out', 'x', '--password', 'hunter2']);
  assert.deepEqual([shown.code, /every user of the machine/.test(shown.stderr)], [2, true]);
  for (const secret of ['correct horse', 'battery staple', 'hunter2', vectorKey, plain.trim().slice(2)])
    assert.equal(said.join('').includes(secret), false, 'a message shows a secret');
});

const noScript = (() => {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'script (util-linux) is not installed';
  }
})();

test('on a terminal the password is asked for and not shown, also when standard input is something else', { skip: noScript }, async (t) => {
  verifies('payments.client.keystore');
  const dir = openTestDir(t);
  mkdirSync(join(dir, 'home'));
  writeFileSync(join(dir, 'geth.json'), pbkdf2Vector);
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const command = `echo nothing | ${process.execPath} ${main} key address --key @geth.json`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: dir,
    env: { PATH: process.env['PATH'], HOME: join(dir, 'home') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const wasAsked = said.includes('Password of');
    said += chunk.toString();
    if (!wasAsked && said.includes('Password of')) child.stdin.write('testpassworx\u007fd\r');
  });
  await text(child.stdout);
  assert.match(said, /Password of .*geth\.json: \r?\n/);
  assert.match(said, /0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b/i);
  assert.doesNotMatch(said, /testpass/);
});
