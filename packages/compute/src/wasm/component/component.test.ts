import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { buildComponent, buildHandler } from '../../testing/wasm/build-component.ts';
import { buildGuest } from '../../testing/wasm/build-guest.ts';
import { openTestComponents, type TestComponents } from '../../testing/wasm/open-test-components.ts';
import { openTestPool, type TestPool } from '../../testing/wasm/open-test-pool.ts';
import { inspectWasm, type WasmCommand, type WasmMounts } from '../index.ts';

let tested: TestComponents;
let modules: TestPool;
let guest: Uint8Array;
let handler: Uint8Array;
before(async () => {
  [tested, modules, guest, handler] = await Promise.all([
    openTestComponents({ size: 3 }),
    openTestPool({ size: 1 }),
    buildComponent('guest'),
    buildHandler('http'),
  ]);
});
after(async () => {
  await tested.close();
  await modules.close();
});

async function linesOf(bytes: Uint8Array, word: string, more: Partial<WasmCommand> = {}): Promise<string[]> {
  const { reason, exitCode, trap, stdout } = await tested.run(bytes, [word], more);
  assert.deepEqual([reason, exitCode], ['exit', 0], trap);
  return stdout.toString().trimEnd().split('\n');
}

test('a command gets its arguments, environment and input, and its output, errors and end are kept apart', async () => {
  verifies('compute.wasm.components');
  const { stdout, stderr, maxRssBytes } = await tested.run(guest, ['hello', 'two'], {
    env: { NAME: 'value', EQUALS: 'a=b', EMPTY: '' },
    stdin: Buffer.from('some input'),
  });
  assert.equal(stdout.toString(), 'arguments guest,hello,two\nenvironment NAME=value,EQUALS=a=b,EMPTY=\ninput some input\n');
  assert.equal(stderr.toString(), 'to stderr');
  assert.ok(maxRssBytes >= 65_536);
  // WASI 0.2 knows success and failure and no numbers.
  assert.deepEqual(await tested.run(guest, ['exit']).then(({ reason, exitCode }) => [reason, exitCode]), ['exit', 1]);
});

test('files answer as they do to a module of preview 1', async () => {
  verifies('compute.wasm.components');
  const module = await buildGuest('guest');
  for (const word of ['files', 'fill', 'leave', 'look']) {
    const { stdout } = await modules.command(module, [word]);
    assert.deepEqual(await linesOf(guest, word), stdout.toString().trimEnd().split('\n'), word);
  }
  // Nothing of `leave` was there for `look`, which compared equal with an untouched process.
  assert.match((await linesOf(guest, 'look')).join(), /^dirty 0,secret error 44/);
});

test('where the clock is fixed and randomness is seeded, every run is the same', async () => {
  verifies('compute.wasm.components');
  const more = { fixedTime: Date.UTC(2020, 0, 1), seed: new Uint8Array(32).fill(7) };
  const first = await linesOf(guest, 'time', more);
  assert.match(first[0] ?? '', /^realtime 15778368000000/);
  assert.equal(first[2], 'slept');
  assert.deepEqual(await linesOf(guest, 'time', more), first);
  assert.notDeepEqual(await linesOf(guest, 'time', { ...more, seed: new Uint8Array(32).fill(8) }), first);
  const real = await linesOf(guest, 'time');
  assert.ok(Math.abs(Number(real[0]?.split(' ')[1]) / 1e6 - Date.now()) < 60_000, real[0]);
});

test('a command reads and changes the folders it is given, and no others', async () => {
  verifies('compute.wasm.components');
  const modifiedMs = 1_700_000_000_123;
  const contents: Record<string, Buffer> = { note: Buffer.from('a note'), deep: Buffer.from('deep inside'), fixed: Buffer.from('fixed') };
  const file = (path: string, content: string) =>
    ({ path, type: 'file', size: contents[content]?.length ?? 0, content, modifiedMs }) as const;
  const entries = [
    file('note.txt', 'note'),
    { path: 'folder', type: 'folder', modifiedMs } as const,
    file('folder/deep.txt', 'deep'),
    { path: 'link', type: 'symlink', target: 'folder/deep.txt', modifiedMs } as const,
  ];
  const mounts: WasmMounts = {
    folders: [
      { path: '/data', writable: true, entries },
      { path: '/given', writable: false, entries: [file('fixed.txt', 'fixed')] },
    ],
    read: async (content, offset, length) => contents[content]?.subarray(offset, offset + length) ?? assert.fail(),
  };
  const [component, module] = await Promise.all([buildComponent('mounts'), buildGuest('mounts')]);
  for (const word of ['read', 'change', 'trespass']) {
    const [ours, theirs] = [await tested.run(component, [word], { mounts }), await modules.command(module, [word], { mounts })];
    assert.equal(ours.stdout.toString(), theirs.stdout.toString(), word);
    assert.deepEqual(ours.changes, theirs.changes, word);
  }
});

test('output comes while it is written', async () => {
  verifies('compute.wasm.components');
  const streams = await buildComponent('streams');
  const pieces: string[] = [];
  const { reason, stdout, trap } = await tested.run(streams, ['slow'], { onStdout: (piece) => void pieces.push(piece.toString()) });
  assert.equal(reason, 'exit', trap);
  assert.ok(pieces.length > 1, JSON.stringify([pieces, stdout.toString()]));
});

test('a handler of HTTP requests gets what CGI says of one, and its answer is CGI output', async () => {
  verifies('compute.wasm.components');
  const request = (path: string, more: Record<string, string> = {}) =>
    tested.run(handler, [], { env: { REQUEST_METHOD: 'POST', PATH_INFO: path, ...more }, stdin: Buffer.from('a body') });
  const hello = await request('/hello/a b', { QUERY_STRING: 'a=%20b', HTTP_ACCEPT_LANGUAGE: 'de' });
  assert.deepEqual(hello.stdout.toString().split('\r\n'), [
    'Status: 203',
    'content-type: text/plain',
    'x-made-by: a component',
    '',
    'post /hello/a%20b?a=%20b\nlanguage de\nbody a body\n',
  ]);
  const error = await request('/error');
  assert.deepEqual([error.reason, error.stdout.length], ['exit', 0]);
  assert.equal(error.stderr.toString(), 'It answered with an error: connection-limit-reached\n');
  for (const [path, reason, trap] of [
    ['/nothing', 'trap', /without an answer/],
    ['/twice', 'trap', /unknown handle/],
    ['/flood', 'output', /more than the 1048576 bytes/],
  ] as const) {
    const result = await request(path);
    assert.equal(result.reason, reason, path);
    assert.match(result.trap ?? '', trap);
  }
});

test('sockets, outgoing requests and headers of the connection are refused to a handler', async () => {
  verifies('compute.wasm.components');
  const { stdout } = await tested.run(handler, [], { env: { PATH_INFO: '/denied' } });
  assert.deepEqual(stdout.toString().trimEnd().split(/\r?\n/).slice(2), [
    'newline 0',
    'name 0',
    'connection 1',
    // HTTP-request-denied
    'outgoing 1 15',
    // access-denied
    'tcp 1 1',
    'udp 1 1',
    'lookup 1 1',
  ]);
});

test('what a component was made into is kept and serves other processes', async () => {
  verifies('compute.wasm.components');
  const [kept] = readdirSync(tested.directory).filter((name) => name.endsWith('component-0'));
  assert.ok(kept, 'the first component is kept');
  const again = await openTestComponents({ directory: tested.directory });
  try {
    const { stdout } = await again.run(guest, ['hello'], { program: { id: 'component-0', read: () => assert.fail('it was read') } });
    assert.match(stdout.toString(), /^arguments guest,hello/);
  } finally {
    await again.close();
  }
});

test('a component is known by what it wants and offers; one that cannot be run here is refused with the reason', () => {
  verifies('compute.wasm.components');
  assert.equal(inspectWasm(guest).kind, 'component');
  assert.equal(inspectWasm(handler).kind, 'component');
  const renamed = (from: string, to: string) => {
    assert.equal(from.length, to.length);
    const bytes = Buffer.from(guest);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, 'latin1');
    return inspectWasm(bytes);
  };
  assert.match(
    renamed('wasi:random/random', 'wasi:random/dice__').reason ?? '',
    /"wasi:random\/dice__@0\.2\.\d+", which does not exist here/,
  );
  assert.match(renamed('wasi:cli/exit@0.2', 'wasi:cli/exit@0.3').reason ?? '', /Only WASI 0\.2 is known here/);
  assert.match(renamed('wasi:cli/run@', 'wasi:cli/ran@').reason ?? '', /neither wasi:cli\/run nor/);
  for (let length = 8; length < guest.length; length += 997) assert.equal(inspectWasm(guest.subarray(0, length)).kind, 'invalid');
});
