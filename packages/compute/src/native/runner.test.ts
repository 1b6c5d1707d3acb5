import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifies } from '../../../../requirements/verifies.ts';
import { openWorkshop, withoutCompiler } from '../testing/native/workshop.ts';
import type { Workshop } from '../testing/native/workshop.ts';
import type { NativeLimits } from './limits.ts';
import { openNativeRunner } from './runner.ts';
import type { NativeRunner } from './runner.ts';
import type { RunOptions } from './slot.ts';

const limits: NativeLimits = { memoryBytes: 64 << 20, cpuMs: 5_000, wallMs: 20_000, outputBytes: 64 << 20, errorBytes: 1 << 16 };
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let workshop: Workshop;
before(async () => {
  if (withoutCompiler) return;
  workshop = await openWorkshop();
  await workshop.compile('hostile.c', 'guest');
});
after(() => workshop?.close());

describe('the native runner', { skip: withoutCompiler }, () => {
  let runner: NativeRunner;
  const events: string[] = [];
  before(async () => {
    const { binary, programs } = workshop;
    runner = await openNativeRunner({ binary, programsDirectory: programs, slots: 4, log: (event) => events.push(event) });
  });
  after(() => runner?.stop());
  const run = (args: string[], options: RunOptions = {}, special: Partial<NativeLimits> = {}) =>
    runner.run({ program: 'guest', argv: ['guest', ...args], env: {}, limits: { ...limits, ...special } }, options);

  test('gives back the exit code and what the run cost', async () => {
    const result = await run(['exit', '42']);
    assert.deepEqual([result.reason, result.exitCode, result.signal, result.message], ['exit', 42, null, null]);
    assert.ok(result.wallUs > 0 && result.cpuUs > 0 && result.maxRssBytes > 0);
  });

  test('passes megabytes through unchanged, from a buffer and from a stream', async () => {
    const bytes = randomBytes(7_000_001);
    const stream = async function* () {
      for (let at = 0; at < bytes.length; at += 100_003) yield bytes.subarray(at, at + 100_003);
    };
    for (const stdin of [bytes, stream()]) {
      const { reason, stdout } = await run(['echo'], { stdin });
      assert.equal(reason, 'exit');
      assert.equal(sha256(stdout), sha256(bytes));
    }
  });

  test('ends a run whose program does not read its input', async () => {
    const { reason, exitCode } = await run(['exit', '3'], { stdin: randomBytes(2_000_000) });
    assert.deepEqual([reason, exitCode], ['exit', 3]);
  });

  test('hands output over as it comes and waits for whoever takes it', async () => {
    const bytes = randomBytes(3_000_000);
    const hash = createHash('sha256');
    let waiting = 0;
    const onStdout = async (chunk: Buffer) => {
      assert.equal(waiting++, 0, 'a chunk came while the one before was being taken');
      hash.update(chunk);
      await sleep(1);
      waiting--;
    };
    const { stdout } = await run(['echo'], { stdin: bytes, onStdout });
    assert.equal(stdout.length, 0);
    assert.equal(hash.digest('hex'), sha256(bytes));
  });

  test('tells what the input or the taker of the output threw, and frees the slot', async () => {
    const broken = async function* () {
      yield Buffer.from('some');
      throw new Error('the upload broke');
    };
    await assert.rejects(run(['echo'], { stdin: broken() }), /the upload broke/);
    const onStdout = () => {
      throw new Error('the reader broke');
    };
    await assert.rejects(run(['hello'], { onStdout }), /the reader broke/);
    await assert.rejects(run(['flood'], { onStdout: () => Promise.reject(new Error('the reader broke later')) }), /later/);
    assert.equal((await run(['hello'])).stdout.toString(), 'hello\n');
  });

  test('runs many at once, each with its own answer, and queues beyond its slots', async () => {
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) => run(index % 2 ? ['exit', String(index)] : ['echo'], { stdin: Buffer.from(`run ${index}`) })),
    );
    for (const [index, { exitCode, stdout }] of results.entries()) {
      if (index % 2) assert.equal(exitCode, index);
      else assert.equal(stdout.toString(), `run ${index}`);
    }
  });

  test('answers a neighbour while all other slots are under attack', async () => {
    verifies('foundation.sandbox.hostile-native');
    const attacks = ['fork-bomb', 'flood', 'loop'].map((mode) => run([mode], {}, { cpuMs: 200, outputBytes: 1 << 30, wallMs: 1000 }));
    for (let count = 0; count < 5; count++) assert.equal((await run(['hello'])).stdout.toString(), 'hello\n');
    for (const { reason } of await Promise.all(attacks)) assert.match(reason, /cpu|wall/);
  });

  test('cancels a running and a waiting run', async () => {
    const cancel = new AbortController();
    const running = Array.from({ length: 6 }, () => run(['sleep'], { signal: cancel.signal }));
    await sleep(30);
    cancel.abort();
    for (const { reason } of await Promise.all(running)) assert.equal(reason, 'killed');
    assert.equal((await run(['hello'], { signal: cancel.signal })).reason, 'killed');
    assert.equal((await run(['hello'])).reason, 'exit');
  });

  test('refuses arguments that no frame can hold', async () => {
    const { reason, message } = await run(['x'.repeat(300_000)]);
    assert.equal(reason, 'spawn');
    assert.match(String(message), /too long/);
    assert.equal((await run(['one\0two'])).reason, 'spawn');
  });

  test('a program without input finds its end at once', async () => {
    for (const stdin of [undefined, Buffer.alloc(0)]) {
      const { reason, exitCode, stdout } = await run(['echo'], stdin ? { stdin } : {});
      assert.deepEqual([reason, exitCode, stdout.length], ['exit', 0, 0]);
    }
  });

  test('is never mistaken about a program that was replaced, changed or removed under its name', async () => {
    const file = join(workshop.programs, 'changing');
    const ask = () => runner.run({ program: 'changing', argv: ['changing', 'exit', '7'], env: {}, limits });
    await copyFile(join(workshop.programs, 'guest'), file);
    for (let count = 0; count < 2; count++) assert.equal((await ask()).exitCode, 7);
    await writeFile(`${file}.new`, 'no executable', { mode: 0o755 });
    await rename(`${file}.new`, file);
    assert.match(String((await ask()).message), /not a static executable/);
    await rm(file);
    assert.match(String((await ask()).message), /cannot be opened/);
    await copyFile(join(workshop.programs, 'guest'), file);
    assert.equal((await ask()).exitCode, 7);
    await chmod(file, 0o600);
    assert.match(String((await ask()).message), /cannot be read/);
    await rm(file);
  });

  test('many programs take turns, each with its own answer', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `one-of-many-${index}`);
    for (const name of names) await copyFile(join(workshop.programs, 'guest'), join(workshop.programs, name));
    for (let round = 0; round < 2; round++) {
      const results = await Promise.all(
        names.map((program, index) => runner.run({ program, argv: [program, 'exit', String(index)], env: {}, limits })),
      );
      assert.deepEqual(
        results.map(({ exitCode }) => exitCode),
        names.map((_, index) => index),
      );
    }
    for (const name of names) await rm(join(workshop.programs, name));
  });

  test('a guest that is being started when the runner is killed ends, too', async () => {
    verifies('foundation.sandbox.hostile-native');
    const { binary, programs } = workshop;
    for (let round = 0; round < 12; round++) {
      const other = await openNativeRunner({ binary, programsDirectory: programs, slots: 16, log: () => {} });
      const request = { program: 'guest', argv: ['left-behind', 'sleep'], env: {}, limits };
      const lost = Array.from({ length: 16 }, () => assert.rejects(other.run(request), { code: 'runner_lost' }));
      await sleep(round / 2);
      await other.stop();
      await Promise.all(lost);
    }
    const deadline = Date.now() + 5_000;
    while ((await processesCalled('left-behind\0sleep\0')).length > 0) {
      assert.ok(Date.now() < deadline, 'a guest goes on without its runner');
      await sleep(20);
    }
  });

  test('recovers when the runner is killed: its guests die, its callers are told, the next run works', async () => {
    verifies('foundation.sandbox.hostile-native');
    const waiting = [run(['sleep']), run(['sleep'])];
    const lost = Promise.all(waiting.map((promise) => assert.rejects(promise, { code: 'runner_lost' })));
    await sleep(50);
    const pid = runner.pid ?? 0;
    const guests = await guestsOf(pid);
    assert.equal(guests.length, 2);
    process.kill(pid, 'SIGKILL');
    await lost;
    assert.equal((await run(['hello'])).stdout.toString(), 'hello\n');
    assert.notEqual(runner.pid, pid);
    assert.ok(events.includes('compute.native.runner_lost'));
    for (const guest of guests) while (await isGuest(guest)) await sleep(5);
  });

  test('after stop nothing runs and nothing is left', async () => {
    const { binary, programs } = workshop;
    const other = await openNativeRunner({ binary, programsDirectory: programs, slots: 1, log: () => {} });
    const request = { program: 'guest', argv: ['guest', 'sleep'], env: {}, limits };
    const running = assert.rejects(other.run(request), { code: 'runner_lost' });
    const queued = assert.rejects(other.run(request), { code: 'runner_lost' });
    await other.stop();
    await Promise.all([running, queued]);
    await assert.rejects(other.run(request), { code: 'runner_lost' });
  });
});

describe('the frame parser of the runner', { skip: withoutCompiler }, () => {
  const header = (length: number, type: number, slot = 0) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(((length << 8) | type) >>> 0);
    bytes.writeUInt32LE(slot, 4);
    return bytes;
  };
  const execute = (payload: Buffer) => Buffer.concat([header(payload.length, 1), payload]);
  const counts = (argc: number, envc: number, text: string) => {
    const head = Buffer.alloc(64);
    head.writeUInt32LE(argc, 56);
    head.writeUInt32LE(envc, 60);
    return execute(Buffer.concat([head, Buffer.from(text)]));
  };
  const sleeping = Buffer.concat([
    Buffer.from(new BigUint64Array([64n << 20n, 1000n, 60_000n, 1000n, 1000n]).buffer),
    Buffer.from(new Uint32Array([0, 0, 0, 0, 2, 0]).buffer), // no interpreter, no permissions, input, two arguments, no variables
  ]);
  const busy = execute(Buffer.concat([sleeping, Buffer.from('guest\0guest\0sleep\0')]));
  const garbage: Record<string, Buffer> = {
    'an unknown type': header(0, 9),
    'a frame of 16 MiB': header(0xffffff, 2),
    'a slot that is not there': header(0, 4, 1),
    'more taken than was sent': Buffer.concat([busy, header(4, 5), Buffer.from([1, 0, 0, 0])]),
    'an amount taken that is no number': Buffer.concat([busy, header(3, 5), Buffer.alloc(3)]),
    'a short EXECUTE': execute(Buffer.alloc(10)),
    'no arguments': counts(0, 0, 'guest\0'),
    'more arguments than there are': counts(5, 0, 'guest\0guest\0'),
    'four billion arguments': counts(0xffffffff, 0xffffffff, 'guest\0guest\0'),
    'a string without an end': counts(1, 0, 'guest\0guest'),
    'bytes left over': counts(1, 0, 'guest\0guest\0more\0'),
    'EXECUTE on a busy slot': Buffer.concat([busy, busy]),
    'more input than the window': Buffer.concat([
      busy,
      ...Array.from({ length: 8 }, () => Buffer.concat([header(65_536, 2), Buffer.alloc(65_536)])),
    ]),
    'input after its end': Buffer.concat([busy, header(0, 3), header(1, 2), Buffer.alloc(1)]),
    'a KILL with a payload': Buffer.concat([busy, header(1, 4), Buffer.alloc(1)]),
  };
  for (const [name, bytes] of Object.entries(garbage)) {
    test(`leaves in order on ${name}`, async () => {
      const { code, signal } = await feed([bytes]);
      assert.deepEqual([code, signal], [70, null]);
    });
  }
  test('leaves in order on random bytes, whatever they are', async () => {
    for (let round = 0; round < 20; round++) {
      const { code, signal } = await feed([randomBytes(1 + round * 50)]);
      assert.equal(signal, null);
      assert.ok(code === 70 || code === 0, `exit code ${code}`); // 0: an incomplete frame, then the end
    }
  });
  test('puts frames together that come byte by byte', async () => {
    const hello = execute(Buffer.concat([sleeping, Buffer.from('guest\0guest\0hello\0')]));
    const pieces = [...hello].map((byte) => Buffer.from([byte]));
    assert.equal((await feed(pieces, /hello\n/)).code, 0);
  });

  /** Writes pieces into a slot, waits for an output if told to, closes the slot, and gives back how the runner left. */
  async function feed(pieces: Buffer[], until?: RegExp) {
    const child = spawn(workshop.binary, ['--serve', '--slots=1', `--programs=${workshop.programs}`], {
      env: {},
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    const left = once(child, 'exit');
    const socket = child.stdio[3];
    assert.ok(socket instanceof Duplex);
    const output: Buffer[] = [];
    socket.on('error', () => {}).on('data', (chunk: Buffer) => output.push(chunk));
    if (child.stdout) await once(child.stdout, 'data');
    for (const piece of pieces) {
      socket.write(piece);
      if (pieces.length > 1) await sleep(0);
    }
    const seen = () => until === undefined || until.test(Buffer.concat(output).toString('latin1'));
    while (!seen()) await once(socket, 'data');
    socket.end();
    const [code, signal] = await left;
    return { code, signal };
  }
});

async function processesCalled(commandLine: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) if (/^\d+$/.test(pid) && (await read(`/proc/${pid}/cmdline`)) === commandLine) found.push(pid);
  return found;
}

/** Process ids of the sleeping guests whose parent is `parent`. */
async function guestsOf(parent: number): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || !(await isGuest(pid))) continue;
    const status = await read(`/proc/${pid}/stat`);
    if (Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]) === parent) found.push(pid);
  }
  return found;
}

const isGuest = async (pid: string) => (await read(`/proc/${pid}/cmdline`)) === 'guest\0sleep\0';
const read = (path: string) => readFile(path, 'utf8').catch(() => '');
