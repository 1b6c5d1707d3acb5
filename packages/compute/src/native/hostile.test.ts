import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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
/** Who starts the node: whoever runs the tests, and where that is root, an ordinary user as well. */
const nobody = 65534;
const starters = process.getuid?.() === 0 ? [{ who: 'root' }, { who: 'an ordinary user', user: nobody }] : [{ who: 'an ordinary user' }];

/** With what each kind of attempt is denied, in the words of the C library: it is not there, not allowed, read-only, no such call. */
const denials: Record<string, RegExp> = {
  early: /^(No such file or directory|Permission denied)$/,
  read: /^(No such file or directory|Permission denied|Function not implemented)$/,
  write: /^(Read-only file system|No such file or directory|Permission denied|Function not implemented)$/,
  network:
    /^(Address family not supported by protocol|Function not implemented|Transport endpoint is already connected|Operation not permitted)$/,
  signals:
    /^(No such process|Operation not permitted|Function not implemented|Invalid argument|Permission denied|No such file or directory)$/,
  groups: /^Operation not permitted$/,
  privileges: /^(Operation not permitted|Function not implemented|Inappropriate ioctl for device|Invalid argument)$/,
  processes: /^(Operation not permitted|No such file or directory|Permission denied)$/,
  'memory-uncounted': /^(Cannot allocate memory|Invalid argument|Permission denied)$/,
};
/** What the issue asks for. */
const fewestAttempts = 60;

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

const situations = machines.flatMap((machine) => starters.map((starter) => ({ ...machine, ...starter, user: undefined, ...starter })));
for (const { name, without, who, user } of situations) {
  describe(`a hostile guest with ${name}, started by ${who}`, { skip: withoutCompiler }, () => {
    let runner: NativeRunner;
    const denied = new Set<string>();
    let mounts: string;
    before(async () => {
      const { binary, programs } = workshop;
      mounts = await readFile('/proc/self/mountinfo', 'utf8');
      runner = await openNativeRunner({
        binary,
        programsDirectory: programs,
        slots: 4,
        log: () => {},
        without,
        ...(user !== undefined && { user }),
      });
    });
    after(() => runner?.stop());

    const run = (args: string[], special: Partial<NativeLimits> = {}, env: Record<string, string> = {}) =>
      runner.run({ program: 'hostile', argv: ['hostile', ...args], env, limits: { ...limits, ...special } });
    const stillAnswers = async () => assert.equal((await run(['hello'])).stdout.toString(), 'hello\n');
    const nothingEscapes = async (...args: string[]) => {
      const { reason, exitCode, stdout, message } = await run(args);
      const lines = stdout.toString();
      assert.deepEqual([reason, exitCode, message], ['exit', 0, null], lines);
      const [mode = ''] = args;
      for (const line of lines.trim().split('\n')) {
        const [, attempt, why = ''] = /^(.+): blocked \((.+)\)$/.exec(line) ?? [];
        assert.ok(attempt, line);
        assert.match(why, denials[mode] ?? /^$/, line);
        denied.add(`${mode}: ${attempt}`);
      }
      await stillAnswers();
    };
    const isStopped = async (reason: NativeReason, args: string[], special: Partial<NativeLimits> = {}) => {
      const result = await run(args, special);
      assert.equal(result.reason, reason, `${result.message} ${result.stdout.subarray(0, 200)}`);
      assert.ok(result.message);
      assert.doesNotMatch(result.stdout.subarray(0, 2000).toString(), /ESCAPED/);
      denied.add(args.join(' '));
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
    test('reaches no neighbour by its process group', async () => {
      verifies('foundation.sandbox.hostile-native');
      const neighbour = run(['sleep'], { wallMs: 600 });
      await nothingEscapes('groups');
      assert.equal((await neighbour).reason, 'wall');
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

    test(`made at least ${fewestAttempts} attempts, each denied by name, and left nothing behind`, async () => {
      verifies('compute.native.hostile');
      await nothingEscapes('early');
      assert.ok(denied.size >= fewestAttempts, `${denied.size} attempts`);
      assert.deepEqual(await childrenOf(runner.pid ?? 0), []);
      assert.equal(await readFile('/proc/self/mountinfo', 'utf8'), mounts);
      for (const place of ['/', '/tmp', '/dev/shm']) assert.ok(!existsSync(join(place, 'freehold-escape')));
    });
  });
}

/** Processes whose parent is this one. */
async function childrenOf(parent: number): Promise<number[]> {
  const children: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent) children.push(Number(pid));
  }
  return children;
}
