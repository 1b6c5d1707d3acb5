import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openWorkshop, withoutCompiler } from '../testing/native/workshop.ts';
import type { Workshop } from '../testing/native/workshop.ts';
import type { NativeLimits } from './limits.ts';
import { roomyOptions, scriptRequest } from './roomy.ts';
import { openNativeRunner } from './runner.ts';
import type { NativeRunner } from './runner.ts';

const limits: NativeLimits = { memoryBytes: 64 << 20, cpuMs: 2_000, wallMs: 8_000, outputBytes: 1 << 16, errorBytes: 1 << 16 };

let workshop: Workshop;
before(async () => {
  if (withoutCompiler) return;
  workshop = await openWorkshop();
  const at = (name: string) => join(workshop.programs, name);
  await workshop.compile('hostile.c', 'fixed-address');
  await workshop.compile('hostile.c', 'any-address', ['-static-pie', '-fPIE']);
  await workshop.compile('hostile.c', 'dynamic', []);
  await copyFile(workshop.probe, at('without-libc'));
  await symlink('fixed-address', at('link'));
  await writeFile(at('script'), '#!/bin/sh\ncat /etc/passwd\n');
  const foreign = await readFile(at('fixed-address'));
  foreign.writeUInt16LE(0x28, 18); // 32-bit ARM
  await writeFile(at('foreign'), foreign);
  const is32Bit = await readFile(at('fixed-address'));
  is32Bit[4] = 1;
  await writeFile(at('narrow'), is32Bit);
  for (const name of ['script', 'foreign', 'narrow', 'without-libc']) await chmod(at(name), 0o755);
});
after(() => workshop?.close());

for (const without of [[], ['namespaces'], ['landlock']] as const) {
  const machine = without.length === 0 ? 'every means' : `no ${without[0]}`;
  describe(
    `restrictions are in force before the first instruction, for every way a program is loaded, with ${machine}`,
    { skip: withoutCompiler },
    () => {
      let runner: NativeRunner;
      before(async () => {
        runner = await openNativeRunner({
          binary: workshop.binary,
          programsDirectory: workshop.programs,
          slots: 2,
          log: () => {},
          without,
        });
      });
      after(() => runner?.stop());
      const run = (program: string, ...args: string[]) => runner.run({ program, argv: [program, ...args], env: {}, limits });

      test('a program without libc whose first instructions open a file', async () => {
        verifies('foundation.sandbox.first-instruction');
        const { stdout } = await run('without-libc');
        assert.match(stdout.toString(), /^read by the first instruction blocked \d+\n/);
      });
      for (const program of ['fixed-address', 'any-address']) {
        test(`a constructor that runs before main: ${program}`, async () => {
          verifies('foundation.sandbox.first-instruction');
          const { stdout } = await run(program, 'early');
          assert.match(stdout.toString(), /^constructor: blocked/);
        });
      }
      for (const program of ['dynamic', 'script', 'foreign', 'narrow']) {
        test(`what would be loaded by another program is refused: ${program}`, async () => {
          verifies('foundation.sandbox.first-instruction');
          const { reason, message } = await run(program, 'early');
          assert.equal(reason, 'spawn');
          assert.match(String(message), /not a static executable for this machine/);
        });
      }
      for (const program of ['link', '../runner', '/bin/sh', '.', '', 'absent']) {
        test(`what is not a file of the programs directory is refused: "${program}"`, async () => {
          const { reason, message } = await run(program, 'early');
          assert.equal(reason, 'spawn');
          assert.match(String(message), /cannot be opened|not a plain file name/);
        });
      }
    },
  );
}

describe(
  'restrictions are in force before the first instruction, for every way the roomy runner loads a program',
  { skip: withoutCompiler },
  () => {
    const first = {
      sh: '#!/bin/sh\nif read line < /etc/passwd; then echo "ESCAPED $line"; else echo blocked; fi\n',
      python: `#!/usr/bin/env python3\ntry:\n    print('ESCAPED', open('/etc/passwd').read())\nexcept OSError as error:\n    print('blocked', error)\n`,
    };
    const without = { sh: false, python: existsSync('/usr/bin/python3') ? false : 'no /usr/bin/python3 on this machine' } as const;
    let runner: NativeRunner;
    before(async () => {
      const { binary, programs } = workshop;
      for (const [name, text] of Object.entries(first)) await writeFile(join(programs, `first-${name}`), text, { mode: 0o755 });
      runner = await openNativeRunner({ binary, programsDirectory: programs, slots: 2, log: () => {}, roomy: roomyOptions });
    });
    after(() => runner?.stop());

    for (const permitted of [{}, { processes: true }, { connects: true }]) {
      const may = Object.keys(permitted).join() || 'nothing more';
      for (const program of ['fixed-address', 'any-address', 'dynamic'])
        test(`${program}, permitted ${may}`, async () => {
          verifies('foundation.sandbox.first-instruction');
          const { stdout } = await runner.run({ program, argv: [program, 'early'], env: {}, limits, ...permitted });
          assert.match(stdout.toString(), /^constructor: blocked/);
        });
      for (const name of ['sh', 'python'] as const)
        test(`a script for ${name}, permitted ${may}`, { skip: without[name] }, async () => {
          verifies('foundation.sandbox.first-instruction');
          const program = `first-${name}`;
          const request = scriptRequest(name, { program, args: [] });
          const { stdout } = await runner.run({ program, env: {}, limits, ...request, ...permitted });
          assert.match(stdout.toString(), /^blocked/);
        });
    }

    test('a library that the environment names is loaded no earlier than the restrictions', async () => {
      verifies('foundation.sandbox.first-instruction');
      const env = { LD_PRELOAD: '/programs/any-address', LD_LIBRARY_PATH: '/programs:/tmp', LD_AUDIT: '/programs/dynamic' };
      const { stdout } = await runner.run({ program: 'dynamic', argv: ['dynamic', 'early'], env, limits });
      assert.match(stdout.toString(), /^constructor: blocked/);
      assert.doesNotMatch(stdout.toString(), /ESCAPED/);
    });
  },
);
