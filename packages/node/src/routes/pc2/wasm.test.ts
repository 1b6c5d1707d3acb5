import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildExamples } from '../../../../../examples/build.ts';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

const dist = join(import.meta.dirname, '../../../../../examples/dist');
const wasm = (name: string) => readFileSync(join(dist, `${name}.wasm`));
let node: TestNode;
let owner: Person;
let member: Person;

before(async () => {
  await buildExamples({ outDirectory: dist, log: () => undefined });
  node = await startTestNode();
  owner = await node.signIn();
  member = await node.letIn(owner, 'member');
  await put(owner, 'Documents', 'calculator.wasm', wasm('calculator'));
  await put(owner, 'Documents', 'environment.wasm', wasm('environment-reader'));
  await put(owner, 'Documents', 'text.txt', Buffer.from('one two\nthree\u00e9 \u{1f600}\n'));
});
after(() => node.end());

async function put(person: Person, folder: string, name: string, body: Buffer): Promise<{ id: string }> {
  const { id: parent } = await expectJson(await person.fetch(`/api/drive/stat?path=/${folder}`));
  return expectJson(
    await person.fetch(`/api/drive/files?parent=${parent}&name=${name}&onConflict=replace`, { method: 'PUT', body: new Uint8Array(body) }),
  );
}
async function post(person: Person, path: string, json: object) {
  const response = await person.fetch(path, { method: 'POST', json });
  return { status: response.status, body: Object(await response.json()) };
}

test("PC2's calculator: add, subtract, multiply and divide, from the own drive and from PC2's place for its programs", async () => {
  verifies('cloud.wasm.core', 'compute.own.programs');
  for (const filePath of ['data/wasm-apps/calculator.wasm', '/Documents/calculator.wasm', '~/Documents/calculator.wasm']) {
    const results = [];
    for (const functionName of ['add', 'subtract', 'multiply', 'divide'])
      results.push((await post(owner, '/api/wasm/execute-file', { filePath, functionName, args: [5, 3] })).body);
    assert.deepEqual(
      results,
      [8, 2, 15, 5 / 3].map((result) => ({ success: true, result })),
    );
  }
  const infinite = await post(owner, '/api/wasm/execute-file', {
    filePath: 'data/wasm-apps/calculator.wasm',
    functionName: 'divide',
    args: [1, 0],
  });
  assert.deepEqual(infinite.body, { success: true, result: 'Infinity' });
});

test("PC2's other calls: the program in the request, names of functions, counts of a file, the load of the caller", async () => {
  verifies('cloud.wasm.wasi');
  const call = { functionName: 'multiply', args: [6, '7'] };
  const binary = wasm('calculator');
  for (const wasmBinary of [binary.toString('base64'), [...binary]])
    assert.deepEqual((await post(owner, '/api/wasm/execute', { wasmBinary, ...call })).body, { success: true, result: 42 });
  const { functions } = await expectJson(await owner.fetch('/api/wasm/list-functions?filePath=/Documents/calculator.wasm'));
  assert.deepEqual(functions.sort(), ['add', 'divide', 'multiply', 'subtract']);
  const filePath = '/Documents/text.txt';
  const counted = { lines: 2, words: 4, chars: 17 };
  assert.deepEqual((await post(owner, '/api/wasm/process-file', { filePath })).body, { success: true, result: counted });
  for (const operation of ['lines', 'words', 'chars'] as const)
    assert.deepEqual((await post(owner, '/api/wasm/process-file', { filePath, operation })).body, {
      success: true,
      result: { [operation]: counted[operation] },
    });
  const environment = await post(owner, '/api/wasm/execute-file', { filePath: '/Documents/environment.wasm', args: ['a', 2] });
  const seen = JSON.parse(environment.body.result);
  assert.deepEqual({ ...seen, clock: 0 }, { args: ['function', 'a', '2'], env: [], preopens: ['/'], clock: 0 });
  const stats = await expectJson(await owner.fetch('/api/wasm/stats'));
  assert.deepEqual(stats, { success: true, stats: { activeExecutions: 0, queueLength: 0, maxConcurrent: 4 } });
});

test("PC2's refusals say success: false and why", async () => {
  const calls: [string, object, number, RegExp][] = [
    ['/api/wasm/execute-file', { filePath: '/Documents/none.wasm', functionName: 'add' }, 404, /no such file/],
    ['/api/wasm/execute-file', { filePath: '/Documents/text.txt', functionName: 'add' }, 422, /no WebAssembly/],
    ['/api/wasm/execute-file', { filePath: '/Documents/calculator.wasm', functionName: 'power', args: [1, 2] }, 400, /add, subtract/],
    ['/api/wasm/execute-file', { filePath: '/Documents/calculator.wasm', functionName: 'add', args: ['x', 2] }, 200, /x/],
    ['/api/wasm/execute', { wasmBinary: 'AAAA', functionName: 'add' }, 422, /no WebAssembly/],
  ];
  for (const [path, json, status, words] of calls) {
    const refused = await post(owner, path, json);
    assert.deepEqual([refused.status, refused.body.success], [status, false], JSON.stringify(refused));
    assert.match(refused.body.error, words);
  }
  assert.equal((await fetch(new URL('/api/wasm/stats', node.url))).status, 401);
});

test("PC2's holes are closed: no path of the machine, of another wallet or out of the own drive is executed, listed or counted", async () => {
  verifies('cloud.wasm.scope', 'compute.own.programs', 'compute.mounts.rights');
  const host = join(node.dataDirectory, 'on-the-machine.wasm');
  writeFileSync(host, wasm('calculator'));
  const foreign = `/${owner.address}/Documents/calculator.wasm`;
  const paths = [
    host,
    `/..${host}`,
    `../../../../../../..${host}`,
    `file://${host}`,
    join(dist, 'calculator.wasm'),
    `data/wasm-apps/../../..${host}`,
    'data/wasm-apps/../wasm-apps/calculator.wasm',
    'data/wasm-apps/%2e%2e/calculator.wasm',
    foreign,
    foreign.toLowerCase(),
    `~/../${owner.address}/Documents/calculator.wasm`,
    `~${owner.address}/Documents/calculator.wasm`,
    '/proc/self/exe',
  ];
  for (const filePath of paths) {
    for (const [path, json] of [
      ['/api/wasm/execute-file', { filePath, functionName: 'add', args: [1, 2] }],
      ['/api/wasm/process-file', { filePath }],
    ] as const) {
      const { status, body } = await post(member, path, json);
      assert.ok(status === 404 && body.success === false, `${path} ${filePath}: ${status} ${JSON.stringify(body)}`);
    }
    const listed = await member.fetch(`/api/wasm/list-functions?filePath=${encodeURIComponent(filePath)}`);
    assert.equal(listed.status, 404, filePath);
  }
  const { id } = await put(owner, 'Documents', 'secret.wasm', wasm('calculator'));
  const call = { entry: 'add', args: ['1', '2'] };
  for (const file of [id, foreign]) assert.equal((await post(member, '/api/run', { file, ...call })).status, 404);
  // Even who may read it does not run it where it lies.
  await expectJson(await owner.fetch(`/api/drive/entries/${id}/shares/${member.address}`, { method: 'PUT', json: { right: 'read' } }));
  assert.equal((await post(member, '/api/run', { file: id, ...call })).status, 403);
  assert.equal((await post(owner, '/api/run', { file: id, ...call })).status, 200);
});
