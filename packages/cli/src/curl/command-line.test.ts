import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswerHeads } from './answer-head.ts';
import { readCommandLine } from './command-line.ts';
import { readConfigFile } from './config-file.ts';
import { parseOptionTable } from './option-table.ts';
import { destinationOf } from './redirects.ts';
import { describeRequest } from './request.ts';

/** As curl 7.88 and curl 8 write it. */
const table = parseOptionTable(`Usage: curl [options...] <url>
 -d, --data <data>        HTTP POST data
     --form-string <name=string> Specify multipart MIME data
 -F, --form <name=content> Specify multipart MIME data
-L, --location                 Follow redirects
    --location-trusted         Like --location, and send auth to other hosts
 -o, --output <file>      Write to file instead of stdout
     --key <key>          Private key file name
 -s, --silent             Silent mode
 -S, --show-error         Show error even when -s is used
 -T, --upload-file <file> Transfer local FILE to destination
 -X, --request <method>   Specify request method to use
 -G, --get                Put the post data in the URL and use GET
 -g, --globoff            Disable URL sequences and ranges using {} and []
 -:, --next               Make next URL use its separate set of options
     --url <url>          URL to work with
 -K, --config <file>      Read config from a file
`);
const key = `0x${'ab'.repeat(32)}`;
const read = (...argv: string[]) => readCommandLine(argv, table);
const describe = (...argv: string[]) => describeRequest(read(...argv).tokens, { cwd: '/here' });

test('our options are taken out wherever they stand, and only where curl would see an option', () => {
  const { own, args } = read(
    '-s',
    '--max',
    '1',
    'http://a',
    '--key',
    key,
    '--pay=USDC',
    '-d',
    '--max',
    '--dry-run-pay',
    '-o',
    '--trace-pay',
  );
  assert.deepEqual(own, { key, pay: ['USDC'], max: ['1'], perCallMax: [], dryRun: true, trace: false });
  assert.deepEqual(args, ['-s', 'http://a', '-d', '--max', '-o', '--trace-pay']);
  assert.deepEqual(read('--', '--max').args, ['--', '--max']);
  assert.throws(() => read('http://a', '--max'), { exitCode: 2 });
});

test("--key is ours for a key and its sources, and curl's for a TLS key", () => {
  for (const value of ['@wallet', key, 'env:KEY']) assert.equal(read('--key', value).own.key, value);
  for (const value of ['client.pem', './env:KEY', '0xabc']) assert.deepEqual(read('--key', value).args, ['--key', value]);
});

test('clusters, attached values, abbreviations and -- are understood as curl does', () => {
  assert.deepEqual(
    read('-sSofile', 'http://a').tokens.map(({ name, value }) => [name, value]),
    [
      ['--silent', undefined],
      ['--show-error', undefined],
      ['--output', 'file'],
      ['--url', 'http://a'],
    ],
  );
  assert.equal(read('--outp', 'file').tokens[0]?.name, '--output');
  assert.deepEqual(read('-s', '--', '-a').optionsEnd, 1);
  assert.equal(describe('-so', 'f', 'a').output?.file, 'f');
});

test('method, URL count, files and standard input are found out', () => {
  assert.equal(describe('a').method, 'GET');
  assert.equal(describe('-d', 'x', 'a').method, 'POST');
  assert.equal(describe('-Gd', 'x', 'a').method, 'GET');
  assert.equal(describe('-T', 'f', 'a').method, 'PUT');
  assert.equal(describe('-X', 'patch', '-d', 'x', 'a').method, 'PATCH');
  assert.equal(describe('a').url, 'a');
  for (const several of [['a', 'b'], ['a{1,2}'], ['a[1-3]'], ['a', '--next', 'b'], ['-T', '{x,y}', 'a']])
    assert.equal(describe(...several).url, undefined, several.join(' '));
  assert.equal(describe('http://[::1]:80/').url, 'http://[::1]:80/');
  assert.equal(describe('-g', 'a{1}').url, 'a{1}');
  assert.equal(describe('ftp://a').isHttp, false);
  for (const reading of [
    ['-d', '@-'],
    ['-T', '-'],
    ['-T', '.'],
    ['-K', '-'],
    ['-F', 'a=@-'],
    ['-F', 'a=<-;type=x/y'],
  ])
    assert.equal(describe(...reading, 'a').readsStdin, true, reading.join(' '));
  for (const not of [
    ['-d', 'a@-'],
    ['-F', 'a=b-'],
    ['--form-string', 'a=@-'],
    ['-o', '-'],
    ['-d', '-'],
  ])
    assert.equal(describe(...not, 'a').readsStdin, false, not.join(' '));
});

test('a config file is read as curl reads it', () => {
  const tokens = readConfigFile('# comment\nurl = "http://a/\\"b"\n-o: file\n  silent\ndata "x y"\n', table);
  assert.deepEqual(
    tokens.map(({ name, value }) => [name, value]),
    [
      ['--url', 'http://a/"b'],
      ['--output', 'file'],
      ['--silent', undefined],
      ['--data', 'x y'],
    ],
  );
});

test('heads are read when they are complete; a tunnel that a proxy opened is no answer', () => {
  const dump =
    'HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/2 402 \r\nPayment-Required: abc\r\n\r\nHTTP/1.1 200 OK\r\nX-Half: ';
  assert.deepEqual(
    readAnswerHeads(dump).map(({ status, fields }) => [status, fields.get('payment-required')]),
    [
      [100, undefined],
      [402, 'abc'],
    ],
  );
  assert.deepEqual(readAnswerHeads(''), []);
});

test('redirects are followed to see whose demand it is', () => {
  const hop = (status: number, location: string) => ({ status, fields: new Map([['location', location]]) });
  const end = { status: 402, fields: new Map<string, string>() };
  const follow = (method: string, ...heads: ReturnType<typeof hop>[]) =>
    destinationOf({ asked: 'localhost:80/a', heads: [...heads, end], method });
  assert.equal(follow('GET')?.url.href, 'http://localhost/a');
  assert.deepEqual([follow('POST', hop(307, '/b'))?.url.href, follow('POST', hop(307, '/b'))?.keptMethod], ['http://localhost/b', true]);
  assert.equal(follow('POST', hop(302, '/b'))?.keptMethod, false);
  assert.equal(follow('GET', hop(302, '/b'))?.keptMethod, true);
  assert.equal(follow('GET', hop(302, '//elsewhere/b'))?.isSameOrigin, false);
  assert.equal(follow('GET', hop(302, 'http://localhost:81/'), hop(302, 'http://localhost/'))?.isSameOrigin, false);
});
