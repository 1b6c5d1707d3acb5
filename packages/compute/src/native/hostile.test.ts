import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openWorkshop, withoutCompiler } from '../testing/native/workshop.ts';
import type { Workshop } from '../testing/native/workshop.ts';
import type { NativeLimits, NativeReason } from './limits.ts';
import { openNativeRunner } from './runner.ts';
import type { NativeRunner } from './runner.ts';

const limits: NativeLimits = { memoryBytes: 64 << 20, cpuMs: 2_000, wallMs: 8_000, outputBytes: 1 << 20, errorBytes: 1 << 16 };

/** The machines this must hold on: an ordinary one, a default container, a kernel without Landlock. */
const machines = [
  { name: 'namespaces and Landlock', without: [] },
  { name: 'Landlock only', without: ['namespaces'] },
  { name: 'namespaces only', without: ['landlock'] },
] as const;

let workshop: Workshop;
let victim: string;
before(async () => {
  if (withoutCompiler) return;
  workshop = await openWorkshop();
  await workshop.compile('hostile.c', 'hostile');
  const directory = await mkdtemp(join(tmpdir(), 'freehold-victim-'));
  await chmod(directory, 0o777);
  victim = join(directory, 'file');
  await writeFile(victim, 'precious');
  await chmod(victim, 0o666);
});
after(async () => {
  await workshop?.close();
  if (victim) await rm(join(victim, '..'), { recursive: true, force: true });
});

for (const { name, without } of machines) {
  describe(`a hostile guest with ${name}`, { skip: withoutCompiler }, () => {
    let runner: NativeRunner;
    before(async () => {
      const { binary, programs } = workshop;
      runner = await openNativeRunner({ binary, programsDirectory: programs, slots: 4, log: () => {}, without });
    });
    after(() => runner?.stop());

    const run = (args: string[], special: Partial<NativeLimits> = {}, env: Record<string, string> = {}) =>
      runner.run({ program: 'hostile', argv: ['hostile', ...args], env, limits: { ...limits, ...special } });
    const stillAnswers = async () => assert.equal((await run(['hello'])).stdout.toString(), 'hello\n');
    const nothingEscapes = async (...args: string[]) => {
      const { reason, exitCode, stdout, message } = await run(args);
      const lines = stdout.toString();
      assert.deepEqual([reason, exitCode, message], ['exit', 0, null], lines);
      assert.match(lines, /: blocked \(/);
      assert.doesNotMatch(lines, /ESCAPED/);
      await stillAnswers();
    };
    const isStopped = async (reason: NativeReason, args: string[], special: Partial<NativeLimits> = {}) => {
      const result = await run(args, special);
      assert.equal(result.reason, reason, `${result.message} ${result.stdout.subarray(0, 200)}`);
      assert.ok(result.message);
      assert.doesNotMatch(result.stdout.subarray(0, 2000).toString(), /ESCAPED/);
      await stillAnswers();
      return result;
    };

    test('is in the expected tier', () => {
      assert.equal(runner.tier, name === 'Landlock only' ? 'landlock' : 'namespaces');
    });

    test('reads no file of the host', async () => {
      verifies('foundation.sandbox.hostile-native');
      await nothingEscapes('read');
    });
    test('writes and changes no file of the host', async () => {
      verifies('foundation.sandbox.hostile-native');
      const before = await stat(victim);
      await nothingEscapes('write', victim);
      const after = await stat(victim);
      assert.equal(await readFile(victim, 'utf8'), 'precious');
      assert.deepEqual([after.mode, after.mtimeMs], [before.mode, before.mtimeMs]);
    });
    test('opens no socket', async () => {
      verifies('foundation.sandbox.hostile-native');
      await nothingEscapes('network');
    });
    test('reaches no other process by signal, limit, ptrace or /proc', async () => {
      verifies('foundation.sandbox.hostile-native');
      await nothingEscapes('signals', String(process.pid), String(runner.pid), String(process.ppid));
    });
    test('gains no privilege and no namespace', () => nothingEscapes('privileges'));
    test('starts no process and executes no shell', async () => {
      verifies('foundation.sandbox.hostile-native');
      await nothingEscapes('processes');
    });
    test('inherits no descriptor and no environment', async () => {
      const { stdout } = await run(['inherited'], {}, { GIVEN: 'this' });
      assert.match(stdout.toString(), /^env GIVEN=this\ncwd (\/|none)\n$/);
    });

    test('is stopped when it forks for ever', async () => {
      verifies('foundation.sandbox.hostile-native');
      await isStopped('cpu', ['fork-bomb'], { cpuMs: 100 });
    });
    test('is stopped when it starts threads for ever', async () => {
      await isStopped('memory', ['thread-bomb']);
    });
    test('is stopped when it takes 10 GB', async () => {
      verifies('foundation.sandbox.hostile-native');
      await isStopped('memory', ['memory']);
      await isStopped('memory', ['memory-read-only']);
    });
    test('gets no memory that is not counted', () => nothingEscapes('memory-uncounted'));
    test('is stopped when it computes for ever', async () => {
      verifies('foundation.sandbox.hostile-native');
      const { cpuUs } = await isStopped('cpu', ['loop'], { cpuMs: 100 });
      assert.ok(cpuUs >= 100_000);
    });
    test('is stopped when it writes for ever', async () => {
      verifies('foundation.sandbox.hostile-native');
      const { stdout } = await isStopped('output', ['flood'], { outputBytes: 100_001 });
      assert.equal(stdout.length, 100_001);
      const { stderr } = await isStopped('output', ['flood-errors'], { errorBytes: 1000 });
      assert.equal(stderr.length, 1000);
    });
    test('is stopped when it sleeps, ignores signals or closes its pipes', async () => {
      verifies('foundation.sandbox.hostile-native');
      await Promise.all(['sleep', 'ignore', 'silent'].map((mode) => isStopped('wall', [mode], { wallMs: 100 })));
    });
    test('is named when it crashes', async () => {
      const { signal } = await isStopped('signal', ['crash']);
      assert.equal(signal, 'SIGSEGV');
    });
    test('is killed when it enters the kernel by another door', { skip: process.arch !== 'x64' && 'only x64 has one' }, async () => {
      await isStopped('signal', ['other-abi']);
    });
  });
}
