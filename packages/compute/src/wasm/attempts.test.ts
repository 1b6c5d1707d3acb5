import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { starters } from '../testing/starters.ts';
import { buildGuest } from '../testing/wasm/build-guest.ts';
import { encodeModule, i32, i64, type ModuleSource } from '../testing/wasm/encode-module.ts';
import { openTestPool, testLimits, type TestPool } from '../testing/wasm/open-test-pool.ts';
import { largestProgram } from './inspect.ts';
import type { WasmLimits, WasmReason, WasmResult } from './job.ts';

/** What the issue asks for. */
const fewestAttempts = 30;

type Attempt = {
  name: string;
  /** What ends it. `exit` for one that is refused without being ended: then `answer` says what it was told. */
  reason: WasmReason;
  says?: RegExp;
  answer?: string;
  limits?: Partial<WasmLimits>;
  /** A module whose export `run` is called, bytes as they are, or the word for the WASI guest. */
  source: ModuleSource | Uint8Array | string;
};

const wasi = (name: string, parameters: number[], results: number[] = [i32]) => ({
  module: 'wasi_snapshot_preview1',
  name,
  parameters,
  results,
});
const run = (code: number[], more: Partial<ModuleSource> = {}, results: number[] = []): ModuleSource => ({
  ...more,
  functions: [{ name: 'run', results, code }],
});
const forever = (code: number[] = []) => [0x03, 0x40, ...code, 0x0c, 0, 0x0b];
const soon = { cpuMs: 200 };
const bytesOf = (source: ModuleSource) => encodeModule(source);
const answering = bytesOf({ functions: [{ name: 'answer', results: [i32], code: [0x41, 42] }] });
const grow = (pages: number[]) => [0x41, ...pages, 0x40, 0];

const attempts: Attempt[] = [
  // Time
  { name: 'a loop without end', source: run(forever()), reason: 'cpu', limits: soon },
  { name: 'a loop at the start, before anything is called', source: { ...run(forever()), start: 0 }, reason: 'cpu', limits: soon },
  {
    name: 'a loop when it is made ready',
    source: {
      functions: [
        { name: '_initialize', code: forever() },
        { name: 'run', code: [] },
      ],
    },
    reason: 'cpu',
    limits: soon,
  },
  { name: 'sleep for a minute', source: 'sleep', reason: 'wall', limits: { wallMs: 200 } },
  {
    name: 'a loop of system calls',
    source: run(forever([0x10, 0, 0x1a]), { imports: [wasi('sched_yield', [])] }),
    reason: 'cpu',
    limits: soon,
  },
  {
    name: 'randomness without end',
    source: run(forever([0x41, 0, 0x41, 0x80, 0x80, 4, 0x10, 0, 0x1a]), { imports: [wasi('random_get', [i32, i32])], memory: [2] }),
    reason: 'cpu',
    limits: soon,
  },
  {
    name: 'catching its own end for ever',
    source: run(forever([0x06, 0x40, 0x41, 7, 0x10, 0, 0x19, 0x0b]), { imports: [wasi('proc_exit', [i32], [])] }),
    reason: 'cpu',
    limits: soon,
  },
  { name: 'more instructions than it may', source: run(forever()), reason: 'fuel', limits: { fuel: 10_000 } },
  {
    name: 'filling its own tank',
    source: run([0x42, 0xff, 0xff, 3, 0x24, 0]),
    reason: 'invalid',
    says: /global 0/,
    limits: { fuel: 10_000 },
  },
  // Memory
  { name: 'growing to ten gigabytes', source: run(grow([0x80, 0x80, 0x0a]), { memory: [1] }, [i32]), reason: 'exit', answer: '-1' },
  { name: 'beginning with four gigabytes', source: run([], { memory: [65_536] }), reason: 'memory' },
  { name: 'a table of ten million', source: run([], { tables: [[10_000_000]] }), reason: 'invalid', says: /10000000 elements/ },
  { name: 'many tables', source: run([], { tables: [[40_000], [40_000]] }), reason: 'invalid', says: /80000 elements/ },
  {
    name: 'growing a table to ten million',
    source: run([0xd0, 0x70, 0x41, 0x80, 0xad, 0xe2, 4, 0xfc, 0x0f, 0], { tables: [[1]] }, [i32]),
    reason: 'exit',
    answer: '-1',
  },
  { name: 'making the host keep too much', source: 'hoard', reason: 'memory' },
  { name: 'recursion without end', source: 'recurse', reason: 'trap', says: /stack overflow/ },
  {
    name: 'recursion with large frames',
    source: { functions: [{ name: 'run', locals: [[40_000, i64]], code: [0x10, 0, 0x10, 0] }] },
    reason: 'trap',
    says: /stack overflow/,
  },
  { name: 'filling the scratch folder', source: 'fill', reason: 'exit', answer: 'full 51' },
  // Output
  { name: 'writing without end', source: 'spam', reason: 'output' },
  {
    name: 'one write of a thousand overlapping buffers',
    source: run(
      [
        ...Array.from({ length: 400 }, (_, index) => [0x41, ...signed(1024 + 8 * index + 4), 0x41, 0x80, 0x80, 4, 0x36, 2, 0]).flat(),
        0x41,
        1,
        0x41,
        0x80,
        8,
        0x41,
        0x90,
        3,
        0x41,
        0,
        0x10,
        0,
        0x1a,
      ],
      { imports: [wasi('fd_write', [i32, i32, i32, i32])], memory: [2] },
    ),
    reason: 'output',
  },
  {
    name: 'returning more text than it may',
    source: run([0x42, 0x80, 0x80, 2], { memory: [1], extra: [{ id: 0, body: [12, ...Buffer.from('freehold.abirun(): string')] }] }, [i64]),
    reason: 'output',
    limits: { outputBytes: 1000 },
  },
  // Ways out of WebAssembly
  {
    name: 'text outside its memory',
    source: run([0x42, 0x7f], { memory: [1], extra: [{ id: 0, body: [12, ...Buffer.from('freehold.abirun(): string')] }] }, [i64]),
    reason: 'trap',
    says: /outside its memory/,
  },
  {
    name: 'reading outside its memory',
    source: run([0x41, 0x7f, 0x28, 2, 0], { memory: [1] }, [i32]),
    reason: 'trap',
    says: /out of bounds/,
  },
  { name: 'calling what is not in a table', source: run([0x41, 0, 0x11, 0, 0], { tables: [[1]] }), reason: 'trap' },
  { name: 'code that is not valid', source: run([0x6a]), reason: 'invalid', says: /cannot be run|that can be run/ },
  { name: 'taking a local for another type', source: run([0x42, 0, 0x40, 0], { memory: [1] }, [i32]), reason: 'invalid' },
  {
    name: 'functions of Node',
    source: run([], { imports: [{ module: 'node:fs', name: 'readFileSync' }] }),
    reason: 'invalid',
    says: /"readFileSync" from "node:fs"/,
  },
  {
    name: 'functions of JavaScript',
    source: run([], { imports: [{ module: 'env', name: 'eval' }] }),
    reason: 'invalid',
    says: /"eval" from "env"/,
  },
  {
    name: 'the memory of the host',
    source: run([], { imports: [{ module: 'freehold', name: 'memory' }] }),
    reason: 'invalid',
    says: /"memory" from "freehold"/,
  },
  {
    name: 'system calls that do not exist',
    source: run([], { imports: [wasi('sock_connect', [])] }),
    reason: 'invalid',
    says: /"sock_connect"/,
  },
  {
    name: 'string builtins of the engine',
    source: run([], { imports: [{ module: 'wasm:js-string', name: 'concat' }] }),
    reason: 'invalid',
    says: /"concat" from "wasm:js-string"/,
  },
  {
    name: 'shared memory',
    source: { extra: [{ id: 5, body: [1, 3, 1, 1] }] },
    reason: 'invalid',
    says: /shared or 64-bit memory/,
  },
  {
    name: 'a 64-bit memory',
    source: { extra: [{ id: 5, body: [1, 4, 1] }] },
    reason: 'invalid',
    says: /shared or 64-bit memory/,
  },
  { name: 'two memories', source: { extra: [{ id: 5, body: [2, 0, 1, 0, 1] }] }, reason: 'invalid', says: /2 memories/ },
  { name: 'exceptions with tags', source: { ...run([]), extra: [{ id: 13, body: [1, 0, 0] }] }, reason: 'invalid', says: /exceptions/ },
  // Files that harm who reads them
  { name: 'no file at all', source: new Uint8Array(0), reason: 'invalid' },
  { name: 'half a file', source: answering.subarray(0, answering.length - 3), reason: 'invalid' },
  { name: 'a file that is too large', source: new Uint8Array(largestProgram + 1), reason: 'invalid', says: /at most/ },
  {
    name: 'a section that promises four billion entries',
    source: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f),
    reason: 'invalid',
  },
  {
    name: 'forty thousand exports',
    source: { functions: Array.from({ length: 40_000 }, () => ({ name: '', code: [] })) },
    reason: 'invalid',
    says: /at most 10000/,
  },
];

/** An i32 constant. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 0x7f) | 0x80, ...(value >> 7 < 64 ? [value >> 7] : [((value >> 7) & 0x7f) | 0x80, value >> 14])];
}

for (const { who, user, skip } of starters) {
  describe(`hostile WebAssembly, in hosts started by ${who}`, { skip }, () => {
    let tested: TestPool;
    let guest: Uint8Array;
    let mounts: string;
    before(async () => {
      guest = await buildGuest('guest');
      mounts = readFileSync('/proc/self/mountinfo', 'utf8');
      tested = await openTestPool({ user });
    });
    after(() => tested?.close());

    const attempt = ({ source, limits = {} }: Attempt): Promise<WasmResult> => {
      if (typeof source === 'string') return tested.command(guest, [source], { limits: { ...testLimits, ...limits } });
      return tested.call(source instanceof Uint8Array ? source : bytesOf(source), 'run', [], limits);
    };

    for (const one of attempts) {
      test(one.name, async () => {
        verifies('compute.wasm.hostile');
        const [result, neighbour] = await Promise.all([attempt(one), tested.call(answering, 'answer')]);
        assert.equal(result.reason, one.reason, result.trap);
        if (one.reason !== 'exit') assert.match(result.trap ?? '', one.says ?? /\S/);
        if (one.answer !== undefined) assert.equal((result.results ?? result.stdout.toString().split('\n'))[0], one.answer);
        assert.deepEqual(neighbour.results, ['42'], 'the neighbour is unharmed');
        assert.deepEqual((await tested.call(answering, 'answer')).results, ['42'], 'and so is the next');
      });
    }

    test('there were enough of them, and nothing is left behind', async () => {
      verifies('compute.wasm.hostile');
      assert.ok(attempts.length >= fewestAttempts, `${attempts.length} attempts`);
      await tested.pool.stop();
      assert.deepEqual(hostProcesses(), []);
      assert.equal(readFileSync('/proc/self/mountinfo', 'utf8'), mounts);
      assert.deepEqual(
        readdirSync(tmpdir()).filter((name) => name.startsWith('freehold-escape')),
        [],
      );
    });
  });
}

/** The processes below this one that run WebAssembly. */
function hostProcesses(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return parent === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('registerHooks');
    } catch {
      return false;
    }
  });
}
