import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifies } from '../../../requirements/verifies.ts';
import { tool, ToolError } from './index.ts';
import hello from './testing/hello.ts';

const file = (name: string) => fileURLToPath(new URL(`./testing/${name}.ts`, import.meta.url));
function start(name: string, args: string[], { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file(name), ...args], { input, env, encoding: 'utf8', timeout: 10_000 });
  return { status, stdout, stderr };
}

test('a hello tool has at most 12 lines', () => {
  verifies('compute.sdk.hello');
  const source = readFileSync(join(import.meta.dirname, '../../../examples/hello-tool/tool.ts'), 'utf8');
  assert.ok(source.trim().split('\n').length <= 12, source);
});

test('a tool is a program that describes itself', () => {
  verifies('compute.sdk.program');
  const { status, stdout } = start('hello', ['--mcp-describe']);
  assert.equal(status, 0);
  const said = JSON.parse(stdout);
  assert.deepEqual([said.contract, said.name, said.title, said.outputSchema], ['tool/1', 'hello', 'Hello', { type: 'string' }]);
  assert.deepEqual(said.inputSchema.properties.times, {
    default: 1,
    type: 'integer',
    minimum: -9007199254740991,
    maximum: 9007199254740991,
  });
  assert.deepEqual(said.inputSchema.required, ['name']);
  assert.equal(start('hello', ['--mcp-schema']).stdout, stdout);
});

test('a tool takes JSON, answers JSON, and logs beside it', () => {
  verifies('compute.sdk.program');
  assert.deepEqual(start('hello', [], { input: '{"name":"Bo","times":2}' }), {
    status: 0,
    stdout: '"Hello, Bo! Hello, Bo!"\n',
    stderr: 'greeting Bo\n{"progress":0.5,"message":"half way"}\n',
  });
  const { stdout } = start('hello', [], { input: '{"name":"me"}', env: { TOOL_CALL_ID: 'call-7', TOOL_DEADLINE_MS: '2000' } });
  assert.equal(stdout, '"call-7 2000"\n');
});

test('a tool may wait for something first', () => {
  verifies('compute.sdk.program');
  assert.equal(start('late', [], { input: '{}' }).stdout, '"Good evening"\n');
});

test('what a tool throws is an error for its caller', () => {
  verifies('compute.sdk.program');
  const refusal = (input: string) => {
    const { status, stdout } = start('hello', [], { input });
    return { status, ...JSON.parse(stdout).error };
  };
  assert.deepEqual(refusal('{"name":"nobody"}'), {
    status: 1,
    code: 'not_found',
    message: 'There is nobody of that name.',
    data: { name: 'nobody' },
  });
  assert.deepEqual(refusal('{"name":"bug"}'), { status: 1, code: 'internal', message: 'this is a bug' });
  assert.equal(refusal('{"name":7}').code, 'invalid_input');
  assert.match(refusal('{"name":7}').message, /^The input is not what hello takes: name: /);
  assert.equal(refusal('nonsense').code, 'invalid_input');
});

test('a tool that is kept running answers line by line', async () => {
  verifies('compute.sdk.program');
  const child = spawn(process.execPath, [file('hello'), '--mcp-stream'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  const answers: string[] = [];
  lines.on('line', (line) => answers.push(line));
  child.stdin.write('{"id":1,"input":{"name":"Bo"}}\n{"id":"two","input":{"name":"nobody"}}\n\n{"id":3,"inp');
  child.stdin.write('ut":{"name":"Ünal"}}\nnonsense\n');
  child.stdin.end();
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.deepEqual(
    answers.map((line) => JSON.parse(line)),
    [
      { id: 1, progress: 0.5, message: 'half way' },
      { id: 1, output: 'Hello, Bo!' },
      { id: 'two', error: { code: 'not_found', message: 'There is nobody of that name.', data: { name: 'nobody' } } },
      { id: 3, progress: 0.5, message: 'half way' },
      { id: 3, output: 'Hello, Ünal!' },
      { id: null, error: { code: 'invalid_input', message: 'The input is not JSON. Send one JSON value.' } },
    ],
  );
});

test('imported, a tool does nothing but can be called', async () => {
  verifies('compute.sdk.default');
  assert.deepEqual(await hello.call({ name: 'Ada' }), { output: 'Hello, Ada!' });
  const ask = async (init?: RequestInit) => {
    const response = await hello.fetch(new Request('http://localhost/', init));
    return [response.status, await response.json()];
  };
  assert.deepEqual(await ask({ method: 'POST', body: '{"name":"Ada"}' }), [200, 'Hello, Ada!']);
  assert.equal(Reflect.get(Object((await ask())[1]), 'name'), 'hello');
  assert.deepEqual((await ask({ method: 'POST', body: '{"name":"nobody"}' }))[0], 404);
  assert.deepEqual((await ask({ method: 'POST', body: '{' }))[0], 400);
  assert.deepEqual((await ask({ method: 'PUT', body: '{}' }))[0], 405);
});

test('a schema written as a plain object gives the types', async () => {
  const typed = tool({
    name: 'typed',
    description: 'For the compiler',
    input: {
      type: 'object',
      properties: {
        word: { type: 'string' },
        size: { enum: ['small', 'large'] },
        list: { type: 'array', items: { type: 'integer' } },
        pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }] },
        either: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        maybe: { type: ['number', 'null'] },
      },
      required: ['word', 'size', 'list', 'pair', 'either'],
    },
    output: { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] },
  }).run((input) => {
    const word: string = input.word;
    const size: 'small' | 'large' = input.size;
    const list: number[] = input.list;
    const pair: readonly [string, boolean] = input.pair;
    const either: string | null = input.either;
    const maybe: number | null | undefined = input.maybe;
    // @ts-expect-error there is no such property
    assert.equal(input.nothing, undefined);
    assert.deepEqual([word, size, pair, either, maybe], ['a', 'small', ['b', true], null, undefined]);
    return { total: list.reduce((sum, value) => sum + value, 0) };
  });
  assert.deepEqual(await typed.call({ word: 'a', size: 'small', list: [1, 2], pair: ['b', true], either: null }), { output: { total: 3 } });
  // @ts-expect-error the output must be a string
  tool({ name: 'wrong', description: 'wrong', input: {}, output: { type: 'string' } }).run(() => 7);
  assert.equal(new ToolError('conflict', 'twice').code, 'conflict');
});

test('a handler speaks CGI as a program', () => {
  verifies('compute.sdk.handler');
  const env = {
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: 'POST',
    REQUEST_SCHEME: 'https',
    SERVER_NAME: 'node.example',
    SERVER_PORT: '443',
    PATH_INFO: '/a b',
    QUERY_STRING: 'c=d',
    CONTENT_TYPE: 'text/plain',
    HTTP_ACCEPT: '*/*',
  };
  const { status, stdout } = start('echo', [], { env, input: 'hi' });
  assert.equal(status, 0);
  const [head = '', body = ''] = stdout.split('\r\n\r\n');
  assert.deepEqual(head.split('\r\n'), ['Status: 201', 'content-type: application/json', 'x-sdk: yes']);
  assert.deepEqual(JSON.parse(body), { method: 'POST', path: '/a%20b', query: '?c=d', type: 'text/plain', body: 'hi' });
  const failed = start('echo', [], { env: { ...env, PATH_INFO: '/fail' } });
  assert.match(failed.stdout, /^Status: 500\r\n/);
  assert.match(failed.stderr, /on purpose/);
  assert.equal(start('echo', []).status, 2);
  assert.match(start('hello', [], { env, input: '{"name":"Bo"}' }).stdout, /^Status: 200\r\n[^]*"Hello, Bo!"$/);
});
