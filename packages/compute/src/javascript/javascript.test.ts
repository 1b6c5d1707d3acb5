import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openTestScripts, testLimits, webEnv, type TestScripts } from '../testing/javascript/open-test-pool.ts';

let tested: TestScripts;
before(async () => {
  tested = await openTestScripts();
});
after(() => tested.close());

const answerOf = (stdout: Buffer) => {
  const [head = '', body = ''] = stdout.toString().split('\r\n\r\n');
  return { head: head.split('\r\n'), body };
};

test('a module answers a request of the web', async () => {
  verifies('compute.javascript.call');
  const source = `export default { async fetch(request, env) {
    return Response.json({ url: request.url, method: request.method, type: request.headers.get('content-type'), host: request.headers.get('x-a'), env, sum: (await request.json()).reduce((a, b) => a + b) }, { status: 201, headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] });
  } }`;
  const env = webEnv({
    REQUEST_METHOD: 'POST',
    PATH_INFO: '/a b/ü',
    QUERY_STRING: 'c=%20',
    CONTENT_TYPE: 'application/json',
    CONTENT_LENGTH: '7',
    HTTP_X_A: 'seen',
    GREETING: 'hi',
  });
  const { reason, exitCode, stdout } = await tested.run(source, { env, input: '[1,2,3]' });
  assert.deepEqual([reason, exitCode], ['exit', 0]);
  const { head, body } = answerOf(stdout);
  assert.deepEqual(head, ['Status: 201', 'content-type: application/json', 'set-cookie: a=1', 'set-cookie: b=2']);
  assert.deepEqual(JSON.parse(body), {
    url: 'https://node.example/a%20b/%C3%BC?c=%20',
    method: 'POST',
    type: 'application/json',
    host: 'seen',
    env: { GREETING: 'hi' },
    sum: 6,
  });
});

test('a function alone answers requests, a string is a response, and what it throws is an error 500 that names nothing', async () => {
  verifies('compute.javascript.call');
  assert.deepEqual(answerOf((await tested.run(`export default () => 'hello'`, { env: webEnv() })).stdout), {
    head: ['Status: 200', 'content-type: text/plain;charset=UTF-8'],
    body: 'hello',
  });
  const failed = await tested.run(`export default { fetch() { throw new Error('the secret') } }`, { env: webEnv() });
  assert.deepEqual([failed.exitCode, answerOf(failed.stdout).head[0]], [1, 'Status: 500']);
  assert.doesNotMatch(failed.stdout.toString(), /secret/);
  assert.match(failed.stderr.toString(), /Uncaught: Error: the secret\n    at .*program\.js:1/);
  const nothing = await tested.run(`export default { fetch() {} }`, { env: webEnv() });
  assert.match(nothing.stderr.toString(), /The function returned no Response/);
});

test('a module is a tool, with the SDK that is there to be imported', async () => {
  verifies('compute.javascript.call');
  const source = `import { tool, ToolError } from '@freehold/sdk';
    export default tool({ name: 'hello', description: 'Greets', input: { type: 'object' } }).run(({ name }, { progress, id }) => {
      if (name === 'nobody') throw new ToolError('not_found', 'There is nobody.');
      progress(0.5, 'half'); console.log('greeting');
      return { greeting: 'Hello, ' + name + '!', id };
    });`;
  const described = await tested.run(source, { args: ['--mcp-describe'] });
  assert.equal(JSON.parse(described.stdout.toString()).contract, 'tool/1');
  const called = await tested.run(source, { input: '{"name":"Ada"}', env: { TOOL_CALL_ID: 't7' } });
  assert.deepEqual([called.stdout.toString(), called.exitCode], ['{"greeting":"Hello, Ada!","id":"t7"}\n', 0]);
  assert.equal(called.stderr.toString(), '{"progress":0.5,"message":"half"}\ngreeting\n');
  const refused = await tested.run(source, { input: '{"name":"nobody"}' });
  assert.deepEqual(
    [JSON.parse(refused.stdout.toString()), refused.exitCode],
    [{ error: { code: 'not_found', message: 'There is nobody.' } }, 1],
  );
  assert.equal((await tested.run(source, { input: 'nonsense' })).exitCode, 1);
  const alias = await tested.run(`import { handler } from 'freehold:sdk'; export default handler(() => new Response('x'))`, {
    env: webEnv(),
  });
  assert.equal(answerOf(alias.stdout).body, 'x');
});

test('a module is run with arguments, variables and input', async () => {
  verifies('compute.javascript.call');
  const { stdout, exitCode } = await tested.run(
    `export default async ({ args, env, text }) => [...args, env.A, (await text()).toUpperCase()].join(' ')`,
    {
      args: ['x', 'y'],
      env: { A: '1' },
      input: 'input',
    },
  );
  assert.deepEqual([stdout.toString(), exitCode], ['x y 1 INPUT', 0]);
  const thrown = await tested.run(`export default () => { throw new TypeError('no') }`);
  assert.deepEqual([thrown.reason, thrown.exitCode], ['exit', 1]);
  assert.match(thrown.stderr.toString(), /TypeError: no/);
});

test('bodies stream both ways, and a slow reader holds the program back', async () => {
  verifies('compute.javascript.call');
  const source = `export default { fetch: (request) => new Response(request.body.pipeThrough(new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk) } }))) }`;
  const piece = Buffer.alloc(100_000, 7);
  let given = 0;
  async function* input() {
    for (; given < 40; given++) yield piece;
  }
  const hash = createHash('sha256');
  let taken = 0;
  let mostAhead = 0;
  const { reason } = await tested.run(source, {
    env: webEnv({ REQUEST_METHOD: 'POST' }),
    input: input(),
    limits: { ...testLimits, outputBytes: 8 << 20 },
    options: {
      async onStdout(chunk) {
        const bytes = taken === 0 ? chunk.subarray(chunk.indexOf('\r\n\r\n') + 4) : chunk;
        taken += chunk.length;
        hash.update(bytes);
        mostAhead = Math.max(mostAhead, given * piece.length - taken);
        await new Promise((resolve) => setTimeout(resolve, 1));
      },
    },
  });
  assert.equal(reason, 'exit');
  const expected = createHash('sha256');
  for (let index = 0; index < 40; index++) expected.update(piece);
  assert.equal(hash.digest('hex'), expected.digest('hex'));
  assert.ok(mostAhead < 2_500_000, `${mostAhead} bytes were waiting within the process`);
});

const flood = `export default { fetch: () => new Response(new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(65536)) } })) }`;

test('who takes an answer slowly, or never, holds the program back until its time is up', async () => {
  verifies('compute.cgi.streaming');
  const limits = { ...testLimits, wallMs: 500, outputBytes: 64 << 20 };
  const stuck = await tested.run(flood, { env: webEnv(), limits, options: { onStdout: () => new Promise(() => undefined) } });
  assert.equal(stuck.reason, 'wall');
  assert.equal(await tested.value('1'), 1);
});

test('one whose output cannot be taken is stopped, and the error is told', async () => {
  const options = { onStdout: () => Promise.reject(new Error('nobody is there')) };
  await assert.rejects(tested.run(flood, { env: webEnv(), limits: { ...testLimits, outputBytes: 64 << 20 }, options }), /nobody is there/);
  const short = `export default () => 'hello'`;
  await assert.rejects(tested.run(short, { env: webEnv(), options }), /nobody is there/);
  assert.equal(await tested.value('1'), 1);
});

test('input that breaks off after its call has been answered ends no later call', async () => {
  const source = `export default { async fetch(request, { WAIT }) {
    if (WAIT) await new Promise((resolve) => setTimeout(resolve, 500));
    else {
      const reader = request.body.getReader();
      await reader.read();
      void reader.read();
    }
    return new Response('x');
  } }`;
  async function* input() {
    yield Buffer.from('beginning');
    await new Promise((resolve) => setTimeout(resolve, 200));
    throw new Error('the caller has gone');
  }
  assert.equal((await tested.run(source, { env: webEnv({ REQUEST_METHOD: 'POST' }), input: input() })).reason, 'exit');
  assert.equal((await tested.run(source, { env: webEnv({ WAIT: '1' }) })).reason, 'exit');
});

test('a call whose process ends while its program is being read ends with it', async () => {
  const own = await openTestScripts({ size: 1 });
  const program = `export default () => 'hello'`;
  const running = own.run(program, {
    env: webEnv(),
    limits: { ...testLimits, wallMs: 500 },
    async read() {
      await own.close();
      return Buffer.from(program);
    },
  });
  assert.equal((await running).reason, 'killed');
});

test('what a module is given are values of its own realm', async () => {
  verifies('compute.javascript.call');
  const holds = [
    'new TextEncoder().encode("ü") instanceof Uint8Array',
    '(await new Response("[1]").json()) instanceof Array',
    '(await new Response("x").arrayBuffer()) instanceof ArrayBuffer',
    '(await new Response("x").clone().bytes()) instanceof Uint8Array',
    'new Response("x").clone() instanceof Response',
    'Response.json({}) instanceof Response && Response.redirect("http://a/") instanceof Response',
    '(await crypto.subtle.digest("SHA-256", new Uint8Array(1))) instanceof ArrayBuffer',
    'structuredClone(new Map([[1, [new Date(0)]]])).get(1)[0] instanceof Date',
    'structuredClone({ a: new Uint8Array([1]) }).a[0] === 1',
    '(() => { try { structuredClone(() => 1) } catch (error) { return error.name === "DataCloneError" } })()',
    'new URLPattern({ pathname: "/:id" }).exec("http://a/7").pathname.groups.id === "7"',
    'new URL("http://a/b?c=d").searchParams.get("c") === "d"',
    'crypto.getRandomValues(new Uint32Array(2)).length === 2 && /^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(crypto.randomUUID())',
    'AbortSignal.timeout(5) instanceof AbortSignal && AbortSignal.abort().aborted',
    'await new Promise((resolve) => AbortSignal.timeout(1).addEventListener("abort", (event) => resolve(event.target.reason.name === "TimeoutError")))',
    'await new Promise((resolve) => { let n = 0; const id = setInterval(() => { if (++n === 3) { clearInterval(id); resolve(true) } }, 1) })',
    'await new Promise((resolve) => queueMicrotask(() => resolve(true)))',
    'atob(btoa("abc")) === "abc"',
    '(await new Response(new Blob(["ab"]).stream().pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip"))).text()) === "ab"',
    'await (async () => { const form = new FormData(); form.append("a", new File(["x"], "f.txt")); const again = await new Response(form).formData(); return again.get("a").name === "f.txt" })()',
    'self === globalThis && typeof process === "undefined" && typeof require === "undefined" && typeof fetch === "undefined" && typeof Buffer === "undefined"',
    '(await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).instance instanceof WebAssembly.Instance',
  ];
  assert.deepEqual(
    await tested.value(`[${holds.map((expression) => `await (async () => (${expression}))().catch(String)`).join(',')}]`),
    holds.map(() => true),
  );
});

test('console writes to standard error, and calls nothing of what it is shown', async () => {
  const { stderr, stdout } = await tested.run(`
    const trap = new Proxy({}, { get() { throw new Error('asked') }, ownKeys() { throw new Error('asked') }, getPrototypeOf() { throw new Error('asked') } });
    const loop = { a: [1, 'two', { three: null }] }; loop.loop = loop;
    console.log('%s is %d', 'this', '5', new Map([['k', new Set([1n])]]), trap);
    console.error(loop, { get secret() { return 'got' } }, Symbol('s'), () => 1, class Name {}, new Date(0), /x/g, new Uint8Array(3));
    console.group('in'); console.warn('a\\nb'); console.groupEnd(); console.count(); console.count();
    export default () => undefined;`);
  assert.equal(stdout.length, 0);
  assert.deepEqual(stderr.toString().trimEnd().split('\n'), [
    'this is 5 Map { "k" => Set { 1n } } [Object]',
    '{ a: [ 1, "two", { three: null } ], loop: [Circular] } { secret: undefined } Symbol(s) [Function ] [Function Name] 1970-01-01T00:00:00.000Z /x/g Uint8Array(3)',
    'in',
    '  a',
    '  b',
    'default: 1',
    'default: 2',
  ]);
});

test('a program that cannot run says why', async () => {
  verifies('compute.javascript.call');
  const why = async (source: string, env = webEnv()) => {
    const { reason, message } = await tested.run(source, { env });
    return `${reason}: ${message}`;
  };
  assert.match(await why('export default {'), /^invalid: It is no JavaScript module that can be run: Unexpected end of input\.$/);
  assert.match(
    await why(`import fs from 'node:fs'; export default 1`),
    /^invalid: It imports "node:fs", which is not there\. A program is one file/,
  );
  assert.match(await why(`import './other.js'; export default 1`), /^invalid: It imports ".\/other\.js"/);
  assert.match(
    await why(`import { nothing } from '@freehold/sdk'; export default nothing`),
    /^invalid: .*does not provide an export named 'nothing'/,
  );
  assert.match(await why('export const x = 1'), /^invalid: It exports no function that answers requests: write `export default/);
  assert.match(await why('export default 1', {}), /^invalid: It exports nothing to call/);
  assert.match(await why(`export default { fetch: async () => 'x' }; throw new Error('at once')`), /^exit: null$/);
});

test('every call has a realm of its own, in a process of its program', async () => {
  verifies('compute.javascript.fresh');
  const source = `globalThis.calls = (globalThis.calls ?? 0) + 1; let own = 0;
    Array.prototype.marked = (Array.prototype.marked ?? 0) + 1; Object.prototype.left ??= 'x';
    for (const Class of [Response, Request, URL, Headers, TextDecoder, ReadableStream, AbortController, Event, Object.getPrototypeOf(TextEncoder)])
      for (const target of [Class, Class.prototype, Object.getPrototypeOf(Class), Object.getPrototypeOf(Class.prototype)])
        if (target) try { target.marked = (target.marked ?? 0) + 1 } catch {}
    export default () => [calls, ++own, [].marked, ...[Response, Request, URL, Headers, TextDecoder, ReadableStream, AbortController, Event].map((Class) => Class.mark ?? Object.getPrototypeOf(Class.prototype).marked ?? 1)].join()`;
  const first = (await tested.run(source)).stdout.toString();
  for (let call = 0; call < 5; call++) assert.equal((await tested.run(source)).stdout.toString(), first);
  assert.match(first, /^1,1,1,/);
});

test('calls at once do not meet', async () => {
  verifies('compute.javascript.fresh');
  const source = `export default async ({ text }) => { globalThis.mine = await text(); await new Promise((resolve) => setTimeout(resolve, 5)); return globalThis.mine }`;
  const calls = Array.from({ length: 40 }, (_, index) => `caller ${index}`);
  const answers = await Promise.all(calls.map(async (input) => (await tested.run(source, { input })).stdout.toString()));
  assert.deepEqual(answers, calls);
});

test('many calls leave the process no larger', async () => {
  verifies('compute.javascript.fresh');
  const source = `const large = new Uint8Array(1 << 20).fill(1); export default () => String(large.length)`;
  for (let call = 0; call < 300; call++) assert.equal((await tested.run(source)).stdout.toString(), '1048576');
});

test('a deterministic function is the same each time', async () => {
  verifies('compute.javascript.deterministic');
  const fixedTime = Date.UTC(2020, 0, 1);
  const seen = `[Date.now(), new Date().toISOString(), Date(), new Date().constructor === Date, new Date(0).constructor.now(), performance.now(), new Intl.DateTimeFormat('en').format(),
    new Intl.DateTimeFormat('en').formatToParts().length, new File([], 'f').lastModified, new Event('x').timeStamp, Math.random(), Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(8))],
    typeof WeakRef, typeof FinalizationRegistry, await (async () => { const form = new FormData(); form.append('a', 'b'); return new Response(form).headers.get('content-type') })(),
    await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']).catch((error) => error.name)]`;
  const seed = new Uint8Array(32).fill(7);
  const first = await tested.value(seen, { fixedTime, seed });
  assert.deepEqual(await tested.value(seen, { fixedTime, seed }), first);
  assert.ok(Array.isArray(first));
  assert.deepEqual(first.slice(0, 6), [
    fixedTime,
    '2020-01-01T00:00:00.000Z',
    'Wed Jan 01 2020 00:00:00 GMT+0000 (Coordinated Universal Time)',
    true,
    fixedTime,
    0,
  ]);
  assert.deepEqual(
    [first[6], first[8], first[9], first[14], first[15], first[17]],
    ['1/1/2020', fixedTime, 0, 'undefined', 'undefined', 'NotSupportedError'],
  );
  assert.ok(first[10] !== first[11]);
  const other = await tested.value('[Math.random(), crypto.randomUUID()]', { fixedTime, seed: new Uint8Array(32).fill(8) });
  assert.notDeepEqual(other, await tested.value('[Math.random(), crypto.randomUUID()]', { fixedTime, seed }));
  assert.notEqual(await tested.value('Date.now()'), fixedTime);
});
