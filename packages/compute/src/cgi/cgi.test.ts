import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, type Offer } from '@freehold/protocol';
import { cgiEnvironment, type FunctionRequest } from './environment.ts';
import { CgiOutputError, parseCgiOutput } from './response.ts';

const parse = (text: string) => parseCgiOutput(Buffer.from(text, 'latin1'));

test('headers, status and body are read with either line ending', () => {
  for (const eol of ['\n', '\r\n']) {
    const answer = parse(
      ['Content-Type: text/html', 'Status: 404 Not Found', 'Set-Cookie: a=1', 'Set-Cookie: b=2', '', 'body\n'].join(eol),
    );
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.headers, [
      ['content-type', 'text/html'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    assert.equal(answer.body.toString(), 'body\n');
  }
});

test('Location alone is a redirect; 204 has no body; hop-by-hop headers are dropped; no type is octet-stream', () => {
  assert.equal(parse('Location: https://example.org/\n\n').status, 302);
  assert.equal(parse('Status: 204\nX: 1\n\nbody').body.length, 0);
  assert.deepEqual(parse('Connection: close\nTransfer-Encoding: chunked\nContent-Length: 9\n\nx').headers, [
    ['content-type', 'application/octet-stream'],
  ]);
});

for (const [what, output] of [
  ['nothing', ''],
  ['no header block', 'hello world'],
  ['only a blank line', '\nhello'],
  ['a folded line', 'A: 1\n folded\n\n'],
  ['a line without a colon', 'A: 1\nhello\n\n'],
  ['an informational status', 'Status: 100\n\n'],
  ['a status with letters', 'Status: 2OO\n\n'],
  ['two statuses', 'Status: 200\nStatus: 500\n\n'],
  ['a NUL in a header', 'A: \0\n\n'],
  ['an endless header block', `A: ${'x'.repeat(40_000)}\n\n`],
] as const) {
  test(`output with ${what} is refused with a sentence for its author`, () => {
    assert.throws(() => parse(output), CgiOutputError);
  });
}

const offer: Offer = {
  version: 1,
  name: 'f',
  interface: 'cgi',
  programs: [],
  limits: defaultLimits,
  prices: [],
  owner: '0x0000000000000000000000000000000000000000',
  createdAt: 1,
  expiresAt: 2,
  vary: ['accept-language', 'authorization', 'payment-signature', 'x-402-key', 'cookie', 'proxy'],
};
const request: FunctionRequest = {
  method: 'POST',
  path: '/a%20b',
  query: 'x=1',
  headers: {
    'accept-language': 'de',
    authorization: 'secret',
    cookie: 'secret',
    'payment-signature': 'secret',
    'x-402-key': 'secret',
    proxy: 'evil',
    'user-agent': 'curl',
    'content-type': 'text/csv',
  },
  server: { name: 'home', port: '4200', scheme: 'http' },
  remoteAddress: '10.0.0.9',
};

test('only listed headers reach the program, and never one that carries identity or money', () => {
  const environment = cgiEnvironment({ offer, offerId: 'ab', request, inputSize: 3 });
  assert.equal(environment['HTTP_ACCEPT_LANGUAGE'], 'de');
  assert.equal(environment['PATH_INFO'], '/a b');
  assert.equal(environment['CONTENT_TYPE'], 'text/csv');
  assert.equal(environment['CONTENT_LENGTH'], '3');
  assert.equal(environment['HTTP_USER_AGENT'], undefined);
  assert.doesNotMatch(JSON.stringify(environment), /secret|evil/);
});

test('a deterministic function does not see where or by whom it is called', () => {
  const environment = cgiEnvironment({ offer: { ...offer, deterministic: true }, offerId: 'ab', request, inputSize: 0 });
  assert.equal(environment['SERVER_NAME'], 'localhost');
  assert.equal(environment['REMOTE_ADDR'], '127.0.0.1');
});

test('NUL bytes and broken percent-encoding in the path are refused', () => {
  for (const path of ['/%00', '/%zz', '/%ff']) {
    assert.throws(() => cgiEnvironment({ offer, offerId: 'ab', request: { ...request, path }, inputSize: 0 }), { code: 'request_invalid' });
  }
});
