import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { verifies } from '../../../requirements/verifies.ts';
import { largeBytes, openPaidServer } from './testing/paid-server.ts';
import { curlMissing } from './testing/real-curl.ts';
import { openTestDir } from './testing/run-command.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const launcher = fileURLToPath(new URL('../../../freehold', import.meta.url));
const environment = (dir: string) => ({ PATH: process.env['PATH'], HOME: dir });

test('as a process: exit codes, streams, and a reader that goes away', { skip: curlMissing }, async (t) => {
  verifies('foundation.cli', 'foundation.curl.transparent');
  const dir = openTestDir(t);
  const { origin } = await openPaidServer(t);
  const run = promisify(execFile);
  const paid = await run(process.execPath, [main, 'curl', '-s', '--key', `0x${'11'.repeat(32)}`, `${origin}/paid`], {
    env: environment(dir),
  });
  assert.match(paid.stdout, /^paid GET 0 /);
  assert.equal(paid.stderr, '');
  await assert.rejects(run(process.execPath, [main, 'curl', '-s', 'http://127.0.0.1:1/'], { env: environment(dir) }), { code: 7 });

  const read = (url: string) =>
    spawn(process.execPath, [main, 'curl', '-s', url], { env: environment(dir), stdio: ['ignore', 'pipe', 'pipe'] });
  const whole = read(`${origin}/large`);
  let received = 0;
  let complaints = '';
  whole.stdout.on('data', (chunk: Buffer) => {
    received += chunk.length;
    whole.stdout.pause();
    setImmediate(() => whole.stdout.resume());
  });
  whole.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const [ended] = await once(whole, 'close');
  assert.deepEqual([ended, received, complaints], [0, largeBytes, ''], 'a slow reader gets everything, and no warning');

  const left = read(`${origin}/large`);
  left.stdout.once('data', () => left.stdout.destroy());
  const [code] = await once(left, 'exit');
  assert.equal(code, 23, 'curl says that it could not write');
});

test(
  './freehold works from any directory and through symbolic links, and sets up what is missing',
  { skip: process.platform === 'win32' && 'a shell script' },
  async (t) => {
    verifies('foundation.cli');
    const dir = realpathSync(openTestDir(t));
    for (const path of ['checkout/node_modules/.bin', 'checkout/scripts', 'elsewhere', 'bin'])
      mkdirSync(join(dir, path), { recursive: true });
    const checkout = join(dir, 'checkout');
    copyFileSync(launcher, join(checkout, 'freehold'));
    writeFileSync(join(checkout, 'package-lock.json'), '{}');
    const program = (name: string) => `#!/bin/sh\necho ${name} "$@"\n`;
    writeFileSync(join(checkout, 'node_modules/.bin/node'), program('pinned'));
    writeFileSync(join(dir, 'bin/node'), program('system'));
    for (const file of ['node_modules/.bin/node', '../bin/node']) chmodSync(join(checkout, file), 0o755);
    symlinkSync('../checkout/freehold', join(dir, 'elsewhere/linked'));
    symlinkSync(join(dir, 'elsewhere/linked'), join(dir, 'twice'));
    const call = async (file: string) => {
      const { stdout } = await promisify(execFile)(file, ['curl', 'a b'], {
        cwd: join(dir, 'elsewhere'),
        env: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin` },
      });
      return stdout.trim();
    };

    assert.equal(
      await call(join(dir, 'twice')),
      `system ${checkout}/scripts/with-runtime.mjs ${checkout}/packages/cli/src/main.ts curl a b`,
    );
    copyFileSync(join(checkout, 'package-lock.json'), join(checkout, 'node_modules/.installed-lock.json'));
    for (const file of [join(checkout, 'freehold'), './linked', join(dir, 'twice')]) {
      assert.equal(await call(file), `pinned --max-semi-space-size=2 ${checkout}/packages/cli/src/main.ts curl a b`);
    }
  },
);
