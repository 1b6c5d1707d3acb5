import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openPaidServer } from '../testing/paid-server.ts';
import { openParityServer } from '../testing/parity-server.ts';
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

test('without curl a small client answers and pays as curl does, and says what only curl has', async (t) => {
  verifies('payments.curl.builtin');
  const dir = openTestDir(t);
  const { free, sold, asked } = await openParityServer(t);
  writeFileSync(join(dir, 'lines'), 'line one\r\nline two\n');
  const key = `0x${'11'.repeat(32)}`;
  const alone = (args: string[], stdin = '') =>
    runCommand(['curl', '-s', '-A', 'me', ...args], { dir, stdin, env: { PATH: dir, FREEHOLD_KEY: key } });
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const closed = (probe.address() as AddressInfo).port;
  probe.close();
  const calls: [string[], string?][] = [
    [['U/echo']],
    [['-d', 'a=1', '-d', 'b=2', 'U/echo']],
    [['-d', '@lines', 'U/echo']],
    [['--data-binary', '@-', '-H', 'content-type: text/x', 'U/echo'], 'piped'],
    [['--json', '{"a":1}', 'U/echo']],
    [['-X', 'DELETE', '-H', 'X-Mine: 1', 'U/echo']],
    [['-L', 'U/redirect/302']],
    [['-L', '-d', 'x', 'U/redirect/307']],
    [['-f', 'U/status/404']],
    [['U/status/404']],
    [['U/file']],
    [[`http://127.0.0.1:${closed}/`]],
    [['http://no-such-host.invalid/']],
    [['U/lost']],
  ];
  for (const [args, stdin = ''] of calls) {
    const at = (origin: string) => args.map((each) => each.replace('U/', `${origin}/`));
    const expected = curlMissing ? undefined : await realCurl(['-s', '-A', 'me', ...at(free)], { cwd: dir, stdin });
    for (const origin of [free, sold]) {
      const { code, stdout } = await alone(at(origin), stdin);
      if (expected) assert.deepEqual([code, stdout], [expected.code, expected.stdout.toString()], `${args.join(' ')} at ${origin}`);
    }
  }
  assert.ok(asked.filter((line) => line.endsWith(' paid')).length >= 9);
  assert.match((await alone(['-i', `${sold}/echo`])).stdout, /^HTTP\/1\.1 200 OK\r\n[\s\S]*x-answer: 1\r\n\r\nGET \/echo/);
  assert.match((await alone(['-I', `${free}/file`])).stdout, /^HTTP\/1\.1 200 OK\r\n[\s\S]*etag: "abc"/);
  await alone(['-o', 'got', `${sold}/file`]);
  assert.equal(readFileSync(join(dir, 'got')).length, 1000);
  await alone(['-O', `${free}/file`]);
  assert.equal(readFileSync(join(dir, 'file')).length, 1000);
  const dear = await alone(['--max', '0.0001', '-o', 'got', `${sold}/echo`]);
  assert.deepEqual([dear.code, readFileSync(join(dir, 'got')).length], [121, 1000]);
  const unpaid = await alone(['--max', '0.0001', `${sold}/echo`]);
  assert.deepEqual([unpaid.code, unpaid.stdout], [121, 'pay first\n']);
  assert.match((await alone(['--dry-run', `${sold}/echo`])).stderr, /would pay 0\.001/);
  const { code, stderr } = await alone(['-F', 'a=b', `${free}/echo`]);
  assert.equal(code, 127);
  assert.match(stderr, /curl was not found[\s\S]*Install it: /);
});
