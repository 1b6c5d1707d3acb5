import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openWorkshop, withoutCompiler } from '../testing/native/workshop.ts';
import type { Workshop } from '../testing/native/workshop.ts';
import type { NativeResult } from './limits.ts';
import type { NativeRunner } from './runner.ts';
import { openNativeSandbox } from './sandbox.ts';
import { proveSandbox } from './self-test.ts';

describe('the self-test of the native sandbox', { skip: withoutCompiler }, () => {
  let workshop: Workshop;
  before(async () => {
    if (!withoutCompiler) workshop = await openWorkshop();
  });
  after(() => workshop?.close());
  const open = (without: readonly ('namespaces' | 'landlock')[]) =>
    openNativeSandbox({
      cacheDirectory: join(workshop.directory, 'cache'),
      programsDirectory: workshop.programs,
      slots: 2,
      log: () => {},
      without,
    });

  for (const without of [[], ['namespaces'], ['landlock']] as const) {
    test(`holds with ${without.length === 0 ? 'every means' : `no ${without[0]}`}, and leaves nothing behind`, async () => {
      verifies('foundation.sandbox.proves-itself');
      const sandbox = await open(without);
      assert.ok(sandbox.available, JSON.stringify(sandbox));
      await sandbox.stop();
      assert.equal(sandbox.checks.length, 14);
      assert.deepEqual(
        sandbox.checks.filter((check) => !check.passed),
        [],
      );
      assert.deepEqual(await readdir(workshop.programs), []);
    });
  }

  test('native programs are refused with reason and advice where nothing can confine them', async () => {
    verifies('foundation.sandbox.proves-itself');
    const sandbox = await open(['namespaces', 'landlock']);
    assert.ok(!sandbox.available);
    assert.match(sandbox.reason, /neither user namespaces nor Landlock/);
    assert.match(sandbox.advice, /seccomp=unconfined/);
  });

  test('notices a sandbox that lets its test program out', async () => {
    verifies('foundation.sandbox.proves-itself');
    // Runs programs with no confinement at all, but stops them at their limits as a runner would.
    const directory = await mkdtemp(join(workshop.directory, 'open-'));
    const elsewhere = join(directory, 'elsewhere');
    await mkdir(elsewhere);
    const unconfined: NativeRunner = {
      tier: 'namespaces',
      landlock: 0,
      pid: undefined,
      async run({ program, argv }): Promise<NativeResult> {
        const done = spawnSync(join(directory, program), argv.slice(1), {
          env: {},
          cwd: elsewhere,
          timeout: 50,
          maxBuffer: 1000,
          killSignal: 'SIGKILL',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const reason = argv[1] === 'flood' ? 'output' : done.signal === null ? 'exit' : 'cpu';
        return {
          reason,
          exitCode: 0,
          signal: null,
          message: null,
          wallUs: 0,
          cpuUs: 0,
          maxRssBytes: 0,
          stdout: done.stdout,
          stderr: done.stderr,
        };
      },
      async stop() {},
    };
    const proof = await proveSandbox({ runner: unconfined, probe: workshop.probe, programsDirectory: directory });
    await Promise.all(['/tmp', '/dev/shm'].map((place) => rm(join(place, 'freehold-escape'), { recursive: true, force: true })));
    assert.ok(!proof.available);
    for (const name of ['read by the first instruction', 'read host files', 'write files', 'open sockets', 'start processes']) {
      assert.match(proof.reason, new RegExp(`${name} \\(escaped`));
    }
  });

  test(
    'says what is wrong when not even a harmless program runs',
    { skip: process.getuid?.() !== 0 && 'needs root to have another user than the guest' },
    async () => {
      const sandbox = await open([]);
      assert.ok(sandbox.available);
      await chmod(workshop.programs, 0o700); // the guest's user can no longer enter
      const proof = await proveSandbox({ runner: sandbox.runner, probe: workshop.probe, programsDirectory: workshop.programs });
      await sandbox.stop();
      await chmod(workshop.programs, 0o755);
      assert.ok(!proof.available);
      assert.match(proof.reason, /mode 755 and its folder mode 711/);
    },
  );
});
