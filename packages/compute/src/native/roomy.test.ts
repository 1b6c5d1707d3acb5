import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openWorkshop, withoutCompiler, type Workshop } from '../testing/native/workshop.ts';
import type { NativeLimits, NativeRequest } from './limits.ts';
import { roomyOptions, scriptRequest, type InterpreterName } from './roomy.ts';
import { openNativeRunner, type NativeRunner } from './runner.ts';

const limits: NativeLimits = { memoryBytes: 64 << 20, cpuMs: 2_000, wallMs: 8_000, outputBytes: 1 << 20, errorBytes: 1 << 16 };
const withoutPython = existsSync('/usr/bin/python3') ? false : 'no /usr/bin/python3 on this machine';

describe('programs that need more than themselves', { skip: withoutCompiler }, () => {
  let workshop: Workshop;
  let runner: NativeRunner;
  before(async () => {
    workshop = await openWorkshop();
    await Promise.all([workshop.compile('hostile.c', 'dynamic', ['-pie']), workshop.compile('hostile.c', 'hostile')]);
    const { binary, programs } = workshop;
    runner = await openNativeRunner({ binary, programsDirectory: programs, slots: 4, log: () => {}, roomy: roomyOptions });
  });
  after(async () => {
    await runner?.stop();
    await workshop?.close();
  });

  const run = (program: string, args: string[] = [], special: Partial<NativeLimits> = {}, more: Partial<NativeRequest> = {}) =>
    runner.run({ program, argv: [program, ...args], env: {}, limits: { ...limits, ...special }, ...more });
  const script = async (name: InterpreterName, text: string, { args = [], ...more }: { args?: string[] } & Partial<NativeRequest> = {}) => {
    const program = `script-${name}-${Math.random().toString(36).slice(2)}`;
    await writeFile(join(workshop.programs, program), text, { mode: 0o755 });
    return runner.run({ program, env: {}, limits, ...scriptRequest(name, { program, args }), ...more });
  };

  test('an executable runs with the libraries of the system', async () => {
    verifies('compute.native.dynamic');
    const { reason, exitCode, stdout, message } = await run('dynamic', ['hello']);
    assert.deepEqual([reason, exitCode, stdout.toString(), message], ['exit', 0, 'hello\n', null]);
  });

  test('a shell script and a Python script run with their arguments', { skip: withoutPython }, async () => {
    verifies('compute.native.scripts');
    const shell = await script('sh', '#!/bin/sh\nread line\necho "$1: $line"\n', { args: ['got'] });
    assert.deepEqual([shell.exitCode, shell.stdout.toString(), shell.stderr.toString()], [0, 'got: \n', '']);
    const python = await script(
      'python',
      '#!/usr/bin/env python3\nimport json, sys\nprint(json.dumps({"args": sys.argv[1:], "path": sys.path[:0]}))\n',
      {
        args: ['a', 'b'],
      },
    );
    assert.deepEqual([python.exitCode, python.stdout.toString(), python.stderr.toString()], [0, '{"args": ["a", "b"], "path": []}\n', '']);
  });

  test('every attempt of a static guest is blocked with libraries in sight, too', async () => {
    verifies('compute.native.roomy-hostile');
    for (const program of ['dynamic', 'hostile'])
      for (const mode of ['early', 'network', 'privileges', 'memory-uncounted', 'write', 'processes']) {
        const { stdout, reason } = await run(program, mode === 'write' ? [mode, '/usr/bin/env'] : [mode]);
        const lines = stdout.toString().split('\n');
        assert.equal(reason, 'exit', `${program} ${mode}`);
        // The shell of the system may be executed: it is as confined as who executes it, and says so itself.
        assert.deepEqual(
          lines.filter((line) => /ESCAPED/.test(line) && line !== 'ESCAPED'),
          [],
          `${program} ${mode}`,
        );
        assert.match(stdout.toString(), /: blocked \(/);
      }
  });

  test(
    'a script sees the programs of its distribution, its own file, and nothing of its neighbours or of the host',
    { skip: withoutPython },
    async () => {
      verifies('compute.native.roomy-hostile');
      const { stdout } = await script(
        'python',
        `#!/usr/bin/env python3
import os
def attempt(name, work):
    try:
        print(name, 'ESCAPED', repr(work())[:100])
    except OSError as error:
        print(name, 'blocked', error.errno)
attempt('list', lambda: os.listdir('/programs'))
attempt('neighbour', lambda: open('/programs/hostile', 'rb').read(4))
attempt('passwd', lambda: open('/etc/passwd').read())
attempt('environ', lambda: open('/proc/self/environ').read())
attempt('proc', lambda: os.listdir('/proc'))
attempt('root', lambda: [name for name in os.listdir('/root')])
attempt('home', lambda: os.listdir('/home'))
attempt('tmp', lambda: open('/tmp/x', 'w'))
attempt('usr', lambda: open('/usr/x', 'w'))
attempt('own', lambda: open(__file__, 'r+'))
attempt('fork', os.fork)
attempt('spawn', lambda: os.posix_spawn('/bin/true', ['true'], {}))
attempt('socket', lambda: __import__('socket').socket())
attempt('kill', lambda: os.kill(-1, 9))
print('own', len(open(__file__).read()) > 100)
`,
      );
      const lines = stdout.toString().trim().split('\n');
      assert.deepEqual(
        lines.filter((line) => line.includes('ESCAPED')),
        [],
      );
      assert.equal(lines.filter((line) => line.includes('blocked')).length, 14);
      assert.equal(lines.at(-1), 'own True');
    },
  );

  test('processes only for who was allowed them', async () => {
    verifies('compute.native.processes');
    const pipeline = '#!/bin/sh\nprintf "b\\na\\n" | sort | tr a-z A-Z\n';
    const allowed = await script('sh', pipeline, { processes: true });
    assert.deepEqual([allowed.reason, allowed.stdout.toString(), allowed.stderr.toString()], ['exit', 'A\nB\n', '']);
    const refused = await script('sh', pipeline);
    assert.notEqual(refused.stdout.toString(), 'A\nB\n');
    assert.match(refused.stderr.toString(), /fork/i);
  });
});

const nobody = 65534;
const starters = process.getuid?.() === 0 ? [{ who: 'root' }, { who: 'an ordinary user', user: nobody }] : [{ who: 'an ordinary user' }];
for (const { who, user } of starters.map((starter) => ({ user: undefined, ...starter }))) {
  describe(`a hostile family, its sandbox started by ${who}`, { skip: withoutCompiler }, () => {
    let workshop: Workshop;
    let runner: NativeRunner;
    before(async () => {
      workshop = await openWorkshop();
      await Promise.all([workshop.compile('hostile.c', 'hostile'), workshop.compile('family.c', 'family')]);
      const { binary, programs } = workshop;
      runner = await openNativeRunner({
        binary,
        programsDirectory: programs,
        slots: 4,
        log: () => {},
        roomy: roomyOptions,
        ...(user !== undefined && { user }),
      });
    });
    after(async () => {
      await runner?.stop();
      await workshop?.close();
    });
    const family = (args: string[], special: Partial<NativeLimits> = {}, more: Partial<NativeRequest> = {}) =>
      runner.run({ program: 'family', argv: ['family', ...args], env: {}, limits: { ...limits, ...special }, processes: true, ...more });
    const nothingIsLeft = async () => {
      const { stdout } = await runner.run({ program: 'hostile', argv: ['hostile', 'hello'], env: {}, limits });
      assert.equal(stdout.toString(), 'hello\n', 'a neighbour still answers');
      assert.deepEqual(descendantsOf(runner.pid ?? 0), []);
    };

    test('is one program: its memory, time and number are counted together, and it leaves nobody behind', async () => {
      verifies('compute.native.processes');
      const isStopped = async (mode: string, reason: string, special?: Partial<NativeLimits>) => {
        const result = await family([mode], special);
        assert.equal(result.reason, reason, `${mode}: ${result.message} ${result.stdout.subarray(0, 200)}`);
      };
      await isStopped('memory', 'memory'); // ten processes with 16 MiB each, under a limit of 64
      await isStopped('bomb', 'memory');
      await isStopped('orphans', 'wall', { wallMs: 300 });
      await isStopped('spin', 'cpu', { cpuMs: 200, wallMs: 5_000 });
      const { reason, stdout } = await family(['daemon']);
      assert.deepEqual([reason, stdout.toString()], ['exit', 'parent\n'], 'who detached itself ends with its family');
      await nothingIsLeft();
    });

    test('kills nobody but itself', async () => {
      verifies('compute.native.roomy-hostile');
      const neighbour = family(['orphans'], { wallMs: 700 });
      const { reason, stdout } = await family(['kill-all']);
      assert.deepEqual([reason, stdout.toString()], ['exit', '4 gone\n']);
      assert.equal((await neighbour).reason, 'wall');
      await nothingIsLeft();
    });

    test('a grandchild in a session of its own is as confined as the first of them, also with sockets', async () => {
      verifies('compute.native.roomy-hostile');
      const outside = [process.pid, process.ppid, runner.pid ?? process.pid].map(String);
      for (const connects of [false, true]) {
        const { reason, stdout } = await family(['detached', ...outside], {}, { connects });
        const lines = stdout.toString().trim().split('\n');
        assert.equal(reason, 'exit');
        assert.equal(lines.length, 19 + outside.length);
        for (const line of lines) assert.match(line, /: blocked \(/);
      }
      await nothingIsLeft();
    });

    test('a bomb does not keep a neighbour waiting', async () => {
      verifies('compute.native.roomy-hostile');
      const bombs = [1, 2].map(() => family(['bomb'], { cpuMs: 500, wallMs: 2_000 }));
      for (let count = 0; count < 5; count++) {
        const { stdout } = await runner.run({ program: 'hostile', argv: ['hostile', 'hello'], env: {}, limits });
        assert.equal(stdout.toString(), 'hello\n');
      }
      for (const { reason } of await Promise.all(bombs)) assert.match(reason, /memory|cpu|wall/);
      await nothingIsLeft();
    });
  });
}

/** Processes below another. */
function descendantsOf(root: number): number[] {
  const parents = readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .map((pid) => ({ pid, parent: parentOf(pid) }));
  const direct = parents.filter(({ parent }) => parent === root).map(({ pid }) => pid);
  return [...direct, ...direct.flatMap(descendantsOf)];
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
