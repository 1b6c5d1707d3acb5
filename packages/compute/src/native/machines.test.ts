import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { verifies } from '../../../../requirements/verifies.ts';
import { openWorkshop, withoutCompiler } from '../testing/native/workshop.ts';
import type { Workshop } from '../testing/native/workshop.ts';
import { openNativeRunner } from './runner.ts';
import { proveSandbox } from './self-test.ts';

const proveHere = fileURLToPath(new URL('../testing/native/prove-here.ts', import.meta.url));
const nobody = 65534;
const canBeNobody =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['--eval', `require('fs').accessSync('${proveHere}')`], { uid: nobody, gid: nobody }).status === 0;

/** The sandbox on machines that lack something, found out by doing. */
describe('the native sandbox on another machine', { skip: withoutCompiler }, () => {
  let workshop: Workshop;
  before(async () => {
    if (withoutCompiler) return;
    workshop = await openWorkshop();
    await workshop.compile('deny.c', 'deny');
  });
  after(() => workshop?.close());

  /** The runner on a machine that refuses the named calls. */
  const openWithout = async (denied: string[]) => {
    const wrapper = join(workshop.directory, `without-${denied.join('-')}`);
    await writeFile(wrapper, `#!/bin/sh\nexec '${join(workshop.programs, 'deny')}' ${denied.join(' ')} -- '${workshop.binary}' "$@"\n`);
    await chmod(wrapper, 0o755);
    const events: Record<string, unknown>[] = [];
    const log = (event: string, fields: Record<string, unknown>) => events.push({ event, ...fields });
    const runner = await openNativeRunner({ binary: wrapper, programsDirectory: workshop.programs, slots: 2, log });
    return { runner, events };
  };
  const proves = async (denied: string[], tier: string) => {
    const { runner, events } = await openWithout(denied);
    const proof = await proveSandbox({ runner, probe: workshop.probe, programsDirectory: workshop.programs });
    await runner.stop();
    assert.ok(proof.available, JSON.stringify(proof));
    assert.equal(proof.tier, tier);
    return events;
  };

  test('where namespaces begin well and end badly (AppArmor on Ubuntu), Landlock is used and the log says why', async () => {
    verifies('foundation.sandbox.proves-itself');
    const events = await proves(['mount'], 'landlock');
    assert.match(String(events[0]?.['why']), /make mounts private: Permission denied/);
  });
  test('where there are no namespaces (a default container), Landlock is used', () => proves(['unshare'], 'landlock').then(() => {}));
  test('where there is no Landlock, namespaces are used', () => proves(['landlock'], 'namespaces').then(() => {}));
  test('where there is neither, or no system call filter, nothing is run', async () => {
    verifies('foundation.sandbox.proves-itself');
    await assert.rejects(openWithout(['unshare', 'landlock']), {
      code: 'sandbox_unavailable',
      message: /neither user namespaces nor Landlock/,
    });
    await assert.rejects(openWithout(['mount', 'landlock']), { code: 'sandbox_unavailable' });
    await assert.rejects(openWithout(['seccomp']), { code: 'sandbox_unavailable', message: /system call filter/ });
  });

  for (const without of ['', 'namespaces', 'landlock']) {
    test(
      `holds for an ordinary user${without && ` without ${without}`}`,
      { skip: !canBeNobody && 'needs root, and a checkout that others may read' },
      async () => {
        verifies('foundation.sandbox.proves-itself');
        const own = join(workshop.directory, `of-nobody-${without}`);
        await mkdir(own);
        await mkdir(join(own, 'programs'), 0o700);
        for (const directory of [own, join(own, 'programs')]) await chown(directory, nobody, nobody);
        const { stdout } = await promisify(execFile)(
          process.execPath,
          [proveHere, join(workshop.directory, 'cache'), join(own, 'programs'), without],
          { uid: nobody, gid: nobody },
        );
        assert.deepEqual(JSON.parse(stdout), {
          user: nobody,
          tier: without === 'namespaces' ? 'landlock' : 'namespaces',
          roomy: without === '',
          failed: [],
        });
      },
    );
  }
});
