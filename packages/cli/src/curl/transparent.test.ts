import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openPaidServer } from '../testing/paid-server.ts';
import { curlMissing, realCurl } from '../testing/real-curl.ts';
import { openTestDir, runCommand } from '../testing/run-command.ts';

const skip = curlMissing;

test('what asks for no payment comes out exactly as from curl: output, errors, exit code', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const dir = openTestDir(t);
  const { origin } = await openPaidServer(t);
  const data = Buffer.from('line one\r\nline two\n');
  writeFileSync(join(dir, 'data'), data);
  writeFileSync(join(dir, 'config'), `url = "${origin}/from-config"\nsilent\n# a comment\n`);
  const calls: [string[], string?][] = [
    [['-s', `${origin}/x`]],
    [['-s', '-d', '@data', `${origin}/x`]],
    [['-s', '--data-binary', '@data', `${origin}/x`]],
    [['-s', '-d', '@-', `${origin}/x`], 'from stdin\r\n'],
    [['-s', '--data-binary', '@-', `${origin}/x`], 'from stdin\r\n'],
    [['-s', '--data-urlencode', 'q@-', `${origin}/x`], 'a b'],
    [['-s', '-T', '-', `${origin}/x`], 'uploaded'],
    [['-s', '-T', 'data', `${origin}/x`]],
    [['-s', '--json', '{"a":1}', `${origin}/x`]],
    [['-s', '-G', '-d', 'a=1', `${origin}/x`]],
    [['-s', '-X', 'DELETE', `${origin}/x`]],
    [['-sI', `${origin}/x`]],
    [['-s', '-w', '%{http_code} %{size_download}\\n', `${origin}/x`]],
    [['-sL', `${origin}/to?/x`]],
    [['-s', `${origin}/to?/x`]],
    [['-s', '-f', `${origin}/status/404`]],
    [['-sS', '-f', `${origin}/status/500`]],
    [['-s', `${origin}/status/404`]],
    [['-s', '--fail-with-body', `${origin}/status/500`]],
    [['-s', `${origin}/plain-402`]],
    [['-s', '-D', '-', '-o', 'dumped', `${origin}/plain-402`]],
    [['-s', '-K', 'config']],
    [['-s', '-K', '-'], `url = ${origin}/from-stdin\n`],
    [['-sS', 'http://127.0.0.1:1/']],
    [['-s', '--globoff', `${origin}/x{a}`]],
    [['-s', `file://${join(dir, 'data')}`]],
    [['--version']],
    [['--no-such-option']],
    [['-s', '--retry', '1', '--retry-delay', '0', `${origin}/status/503`]],
    [['-sS', '-m', '5', '--', `${origin}/x`]],
    [['-s', '--url', `${origin}/x`]],
    [['-s', `${origin}/x`, `${origin}/y`]],
    [['-s', `${origin}/x{a,b}`]],
    [['-s', `${origin}/x`, '--next', '-s', '-d', '1', `${origin}/y`]],
    [['-s', '--key', 'data', `${origin}/x`]],
    [['-s', '-d', '--max', `${origin}/x`]],
  ];
  // The date is the only thing that two equal calls may differ in.
  const undated = (bytes: Buffer) => bytes.toString().replace(/^date: .*$/gim, 'date');
  for (const [args, stdin = ''] of calls) {
    const expected = await realCurl(args, { cwd: dir, stdin });
    const actual = await runCommand(['curl', ...args], { dir, stdin });
    const name = args.join(' ');
    assert.equal(undated(actual.bytes), undated(expected.stdout), `standard output of ${name}`);
    assert.equal(actual.stderr, expected.stderr, `standard error of ${name}`);
    assert.equal(actual.code, expected.code, `exit code of ${name}`);
  }
});

test('files are written where and as curl writes them', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const dir = openTestDir(t);
  const { origin } = await openPaidServer(t);
  const calls: [string[], string][] = [
    [['-s', '-o', 'got', `${origin}/x`], 'got'],
    [['-sogot', `${origin}/x`], 'got'],
    [['-s', '-o', 'got', '-d', 'a', `${origin}/x`], 'got'],
    [['-s', '-O', `${origin}/x/named`], 'named'],
    [['-s', '-O', '-d', 'a', `${origin}/x/named`], 'named'],
    [['-s', '--output-dir', 'sub', '--create-dirs', '-o', 'deep/got', '-d', 'a', `${origin}/x`], 'sub/deep/got'],
    [['-s', '-o', 'got', `${origin}/status/404`], 'got'],
    [['-s', '-o', 'got', '-d', 'a', `${origin}/status/500`], 'got'],
    [['-s', '-o', 'got', `${origin}/plain-402`], 'got'],
    [['-s', '-D', 'heads', '-o', '/dev/null', `${origin}/x`], 'heads'],
    [['-s', '-o', 'got', '-f', `${origin}/status/404`], 'got'],
    [['-s', '-o', 'got', '-d', 'a', '-f', `${origin}/status/404`], 'got'],
    [['-s', '-o', 'nowhere/got', '-d', 'a', `${origin}/x`], 'nowhere/got'],
  ];
  const undated = (file: string) => (existsSync(file) ? readFileSync(file, 'latin1').replace(/^date: .*$/gim, 'date') : undefined);
  for (const [index, [args, file]] of calls.entries()) {
    const [theirs, ours] = [join(dir, `theirs-${index}`), join(dir, `ours-${index}`)];
    mkdirSync(theirs);
    mkdirSync(ours);
    const expected = await realCurl(args, { cwd: theirs });
    const actual = await runCommand(['curl', ...args], { dir, cwd: ours });
    assert.equal(undated(join(ours, file)), undated(join(theirs, file)), `file of ${args.join(' ')}`);
    assert.equal(actual.code, expected.code, `exit code of ${args.join(' ')}`);
    assert.equal(actual.stdout, expected.stdout.toString(), `standard output of ${args.join(' ')}`);
  }
});

test('-C - goes on where a file ends, and an existing file is not touched by an error that -f hides', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const dir = openTestDir(t);
  const { origin, seen } = await openPaidServer(t);
  writeFileSync(join(dir, 'part'), 'x'.repeat(10));
  await runCommand(['curl', '-s', '-C', '-', '-o', 'part', `${origin}/x`], { dir });
  assert.equal(seen.at(-1)?.headers.range, 'bytes=10-');
});

test('chunks of an answer arrive while it is being written', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const dir = openTestDir(t);
  const firstArrived = Promise.withResolvers<void>();
  // The server ends the answer only after the first chunk came out of the command.
  const { origin } = await openPaidServer(t, { onPaid: () => firstArrived.promise });
  const { stdout } = await runCommand(['curl', '-sN', `${origin}/stream`], {
    dir,
    onStdout: (chunk) => {
      if (chunk.includes('one')) firstArrived.resolve();
    },
  });
  assert.equal(stdout, 'one\ntwo\n');
});

test('being asked to end ends curl too', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const dir = openTestDir(t);
  const ending = new AbortController();
  const { origin } = await openPaidServer(t, { onPaid: () => new Promise(() => undefined) });
  const { code } = await runCommand(['curl', '-sN', `${origin}/stream`], {
    dir,
    signal: ending.signal,
    onStdout: () => ending.abort('SIGINT'),
  });
  assert.equal(code, 128 + 2);
});

test('without curl: exit 127, and how to install it', async (t) => {
  verifies('foundation.curl.transparent');
  const dir = openTestDir(t);
  const { code, stderr } = await runCommand(['curl', 'http://127.0.0.1:1/'], { dir, env: { PATH: dir } });
  assert.equal(code, 127);
  assert.match(stderr, /curl was not found[\s\S]*Install it: /);
});
