import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { starters } from '../testing/starters.ts';
import { openTestScripts, testLimits, webEnv, type TestScripts } from '../testing/javascript/open-test-pool.ts';

let tested: TestScripts;

const neighbour = `export default () => 'unharmed'`;

/** Every host process of ours that still runs. */
function hosts(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--experimental-vm-modules') &&
          Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) === process.pid
        );
      } catch {
        return false;
      }
    });
}

async function assertUnharmed() {
  assert.equal((await tested.run(neighbour)).stdout.toString(), 'unharmed');
  assert.ok(hosts().length <= 4, 'no process is left behind');
}

/** Each is an expression that a guest evaluates to get at the host's realm: what it comes to is a sentence of how it ended. */
const ways: Record<string, string> = {
  'the constructor of a host class': `Request.constructor('return process')()`,
  'the constructor of a constructor of a value from the host': `new Request('http://a/').headers.constructor.constructor('return process')()`,
  'the constructor of what a stream is': `new Response('x').body.getReader().read.constructor('return process')()`,
  'an error of the host': `(() => { try { new URL('nonsense') } catch (error) { return error.constructor.constructor('return process')() } })()`,
  'an error of too deep a recursion into the host': `(() => { let found; const dive = () => { try { dive() } catch (error) { try { found ??= new URL('x:').constructor.constructor('return process')() } catch (inner) { if (!(inner instanceof Error) && inner.constructor) found ??= inner.constructor.constructor('return process')() } } }; dive(); return found })()`,
  'a promise of the host': `await crypto.subtle.digest('SHA-256', new Uint8Array(1)).constructor.constructor('return process')()`,
  'a promise of import()': `import('node:fs').constructor.constructor('return process')()`,
  'import() of a module of Node': `await import('node:fs')`,
  'import() of a data URL': `await import('data:text/javascript,export default 1')`,
  'import() of a file': `await import('file:///etc/passwd')`,
  'import() of itself': `await import('file:///program.js')`,
  'import.meta': `import.meta.dirname + import.meta.resolve('node:fs')`,
  'this of a sloppy function': `Function('return this.process')()`,
  eval: `eval('process')`,
  'a timer made of text': `setTimeout('process', 0)`,
  'the generator of functions': `(function* () {}).constructor('yield process')().next()`,
  'the async functions': `await (async () => {}).constructor('return process')()`,
  'process.binding': `process.binding('fs')`,
  require: `require('node:fs')`,
  'module.constructor': `module.constructor._load('fs')`,
  globalThis: `globalThis.process.mainModule`,
  'a worker of its own': `new Worker('data:text/javascript,')`,
  'a channel to others': `new BroadcastChannel('x')`,
  'a socket': `new WebSocket('ws://127.0.0.1:1/')`,
  fetch: `await fetch('http://127.0.0.1:1/')`,
  XMLHttpRequest: `new XMLHttpRequest()`,
  'frames of the stack': `(() => { Error.prepareStackTrace = (error, frames) => frames; const frames = new Error().stack; const found = frames.map((frame) => frame.getThis() ?? frame.getFunction()).find((value) => value && value !== globalThis && typeof value === 'object'); return found.constructor.constructor('return process')() })()`,
  'frames of an error of the host': `(() => { let seen; Error.prepareStackTrace = (error, frames) => { seen = frames; return '' }; try { structuredClone(() => 1) } catch (error) { void error.stack } return seen.map((frame) => frame.getFunction()).find((value) => value?.constructor !== Function).constructor('return process')() })()`,
  'symbols of a stream': `(() => { const stream = new ReadableStream(); for (const key of Object.getOwnPropertySymbols(stream)) for (const inner of Object.values(stream[key] ?? {})) if (typeof inner === 'function') return inner.constructor('return process')() })()`,
  'a proxy as the body': `new Response(new Proxy({}, { get: (target, key, receiver) => receiver.constructor.constructor('return process')() }))`,
  'a proxy as the arguments of the host': `new Request('http://a/', new Proxy({}, { get: (...args) => { for (const arg of args) if (arg?.constructor && arg.constructor !== Object) return arg.constructor.constructor('return process')() } })).constructor('x')`,
  'Symbol.species': `(() => { class Own extends Promise { static get [Symbol.species]() { return function (work) { return Reflect.construct(Promise, [work]) } } } return Own.resolve(1).then(() => 1).constructor.constructor('return process')() })()`,
  'changes of a host prototype': `(() => { 'use strict'; Object.getPrototypeOf(Object.getPrototypeOf(Response.prototype)).stolen = 1 })()`,
  'changes of a host class': `(() => { Headers.prototype.get = () => 'forged' })()`,
  'changes of the prototype of all of the host': `(() => { let top = URL.prototype; while (Object.getPrototypeOf(top)) top = Object.getPrototypeOf(top); top.stolen = 1 })()`,
  'the registry of URLs': `URL.createObjectURL(new Blob(['x']))`,
};

type Case = { source: string; reason: string; message?: RegExp; env?: Record<string, string> };
const exhausting: Record<string, Case> = {
  'a loop without end': { source: 'for (;;); export default 1', reason: 'cpu', message: /more than 300 ms of processor time/ },
  'a loop in the call': { source: 'export default () => { for (;;); }', reason: 'cpu' },
  'a promise that never settles': { source: 'export default () => new Promise(() => {})', reason: 'wall', message: /longer than 500 ms/ },
  'a module that waits for ever': { source: 'await new Promise(() => {}); export default 1', reason: 'wall' },
  'Atomics.wait for ever': { source: 'export default () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', reason: 'wall' },
  'a flood of microtasks': {
    source: 'export default () => { const again = () => Promise.resolve().then(again); return again() }',
    reason: 'cpu',
  },
  'a flood of timers': {
    source: 'export default () => new Promise(() => { const again = () => setTimeout(again, 0); for (let i = 0; i < 1000; i++) again() })',
    reason: '(cpu|wall)',
  },
  'a regular expression that does not end': { source: `export default () => /^(a+)+$/.test('a'.repeat(50) + 'b')`, reason: 'cpu' },
  'WebAssembly that does not end': {
    source: `const code = [0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,114,0,0,10,9,1,7,0,3,64,12,0,11,11]; export default async () => (await WebAssembly.instantiate(new Uint8Array(code))).instance.exports.r()`,
    reason: 'cpu',
  },
  'an array that grows': {
    source: 'export default () => { const all = []; for (;;) all.push(new Array(10_000).fill(Math.random())) }',
    reason: 'memory',
  },
  'buffers that are filled': {
    source: 'export default () => { const all = []; for (;;) all.push(new Uint8Array(8 << 20).fill(1)) }',
    reason: 'memory',
  },
  'memory of WebAssembly': {
    source:
      'export default () => { const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 }); for (;;) { const from = memory.grow(128) * 65536; new Uint8Array(memory.buffer, from).fill(1) } }',
    reason: 'memory',
  },
  'a string that doubles': {
    source: `export default () => { const all = []; for (let n = 0; ; n++) { let text = n + 'x'; while (text.length < 1 << 24) text += text; all.push(new TextEncoder().encode(text)) } }`,
    reason: 'memory',
  },
  'output without end': {
    source: `export default { fetch: () => new Response(new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(65536)) } })) }`,
    env: webEnv(),
    reason: 'output',
    message: /more than the 1048576 bytes/,
  },
  'one large output': { source: `export default () => 'x'.repeat(1 << 21)`, reason: 'output' },
  'a process that shall be ended': {
    source: `export default async () => { const all = []; for (let i = 0; i < 100_000; i++) all.push(crypto.subtle.digest('SHA-512', new Uint8Array(1 << 20))); await Promise.all(all) }`,
    reason: '(cpu|memory|wall)',
  },
};

for (const { who, user, skip } of starters) {
  describe(`hostile JavaScript, in hosts started by ${who}`, { skip }, () => {
    before(async () => {
      tested = await openTestScripts({ user });
    });
    after(() => tested?.close());

    test('no way leads from a module to the realm of its host', async () => {
      verifies('compute.javascript.hostile');
      const names = Object.keys(ways);
      const outcomes = await Promise.all(
        names.map(async (name) => {
          const source = `export default async () => { try { const found = await (async () => (${ways[name]}))(); return found === undefined ? 'refused Nothing' : 'ESCAPED ' + typeof found + ' ' + String(found).slice(0, 80) } catch (error) { return 'refused ' + (error?.name ?? error) } }`;
          const { reason, stdout, stderr } = await tested.run(source);
          return [name, reason === 'exit' ? stdout.toString() || stderr.toString() : reason] as const;
        }),
      );
      assert.ok(names.length >= 36);
      for (const [name, outcome] of outcomes)
        assert.match(outcome, /^refused (EvalError|TypeError|RangeError|ReferenceError|SyntaxError|Nothing)$/, `${name}: ${outcome}`);
      await assertUnharmed();
    });

    test('what would exhaust the machine is stopped with a named reason', async () => {
      verifies('compute.javascript.hostile');
      for (const [name, { source, reason, message, env = {} }] of Object.entries(exhausting)) {
        const result = await tested.run(source, {
          env,
          limits: { ...testLimits, wallMs: reason === 'wall' ? 500 : 20_000, cpuMs: reason === 'memory' ? 20_000 : 300 },
        });
        assert.match(
          result.reason,
          new RegExp(`^${reason}$`),
          `${name}: ${result.reason} ${result.message} ${result.stderr.toString().slice(0, 200)}`,
        );
        if (message) assert.match(result.message ?? '', message, name);
        assert.ok(result.stdout.length <= testLimits.outputBytes, name);
        await assertUnharmed();
      }
    });

    test('deep recursion and refused memory are errors of the program, and the next call runs', async () => {
      verifies('compute.javascript.hostile');
      assert.deepEqual(
        await tested.value(`[(() => { const dive = () => dive() + 1; try { dive() } catch (error) { return error instanceof RangeError } })(), (() => { try { new ArrayBuffer(2 ** 52) } catch (error) { return error instanceof RangeError } })(),
      (() => { try { for (let i = 0; i < 20_000; i++) setTimeout(() => 0, 1e6) } catch (error) { return error.message } })()]`),
        [true, true, 'At most 10000 timers at once.'],
      );
      const { stderr } = await tested.run(`export default () => { for (let i = 0; i < 100_000; i++) console.log('flood '.repeat(20)) }`);
      assert.equal(stderr.length, 64 * 1024);
      await assertUnharmed();
    });

    test('what a call leaves behind is not there for the next one', async () => {
      verifies('compute.javascript.hostile');
      const source = `export default async ({ text }) => {
    const mine = await text();
    setTimeout(() => console.log('late', mine), 30); setInterval(() => console.log('often', mine), 5);
    void Promise.reject(new Error('nobody catches ' + mine));
    void (async () => { for (;;) { await new Promise((resolve) => setTimeout(resolve, 1)); console.log('loop', mine) } })();
    new FinalizationRegistry(() => console.log('collected', mine)).register({}, 1);
    return mine;
  }`;
      for (const mine of ['first', 'second', 'third']) {
        const { stdout, stderr, reason } = await tested.run(source, { input: mine });
        assert.deepEqual([reason, stdout.toString()], ['exit', mine]);
        for (const other of ['first', 'second', 'third'].filter((name) => name !== mine))
          assert.doesNotMatch(stderr.toString(), new RegExp(other));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });

    test('a call that blocks its process after its answer loses the process, and nobody waits for it', async () => {
      verifies('compute.javascript.hostile');
      const source = `export default () => { setTimeout(() => { for (;;); }, 0); const again = () => Promise.resolve().then(again); queueMicrotask(() => Promise.resolve().then(() => 0)); return 'answered' }`;
      for (let call = 0; call < 3; call++) assert.equal((await tested.run(source)).stdout.toString(), 'answered');
      const flood = `export default { fetch: (request, env, { waitUntil }) => { setTimeout(() => { const again = () => Promise.resolve().then(again); again() }, 0); return new Response('answered') } }`;
      for (let call = 0; call < 3; call++) {
        const { reason } = await tested.run(flood, { env: webEnv(), limits: { ...testLimits, cpuMs: 300 } });
        assert.match(reason, /^(exit|cpu)$/);
        await assertUnharmed();
      }
    });

    test('errors that nobody catches are told in the log, and end nothing', async () => {
      verifies('compute.javascript.hostile');
      const source = `const target = new EventTarget(); target.addEventListener('x', () => { throw new Error('of a listener') });
    export default async () => { void Promise.reject(new Error('of a promise')); setTimeout(() => { throw new Error('of a timer') }, 1); target.dispatchEvent(new Event('x')); await new Promise((resolve) => setTimeout(resolve, 20)); return 'answered' }`;
      const { stdout, stderr } = await tested.run(source);
      assert.equal(stdout.toString(), 'answered');
      assert.match(stderr.toString(), /Unhandled rejection: Error: of a promise/);
      assert.match(stderr.toString(), /Uncaught in a timer: Error: of a timer/);
      assert.match(stderr.toString(), /Uncaught: Error: of a listener/);
    });

    test('a program that gives itself up for another one gets nothing of that', async () => {
      verifies('compute.javascript.hostile');
      const seller = (name: string) => `globalThis.kept = '${name}'; export default () => [globalThis.kept, typeof other].join()`;
      assert.equal((await tested.run(seller('one'))).stdout.toString(), 'one,undefined');
      assert.equal((await tested.run(seller('two'))).stdout.toString(), 'two,undefined');
      for (const answer of [
        `new Proxy({}, { get: () => { throw new Error('asked') } })`,
        `{ get then() { throw new Error('asked') } }`,
        `{ toJSON() { throw new Error('asked') } }`,
      ]) {
        const { exitCode, reason } = await tested.run(`export default () => (${answer})`);
        assert.deepEqual([reason, exitCode], ['exit', 1], answer);
      }
      await assertUnharmed();
    });
  });
}
