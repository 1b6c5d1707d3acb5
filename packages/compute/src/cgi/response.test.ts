import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
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

test('whatever a program writes is an answer that HTTP can send, or refused with a sentence', () => {
  verifies('compute.cgi.response', 'compute.cgi.errors');
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const parts = [
    'Status',
    'Location',
    'Content-Type',
    'Set-Cookie',
    'X-Case',
    'HTTP/1.1 200',
    ': ',
    ':',
    ' ',
    '200',
    '404 Not',
    '/a',
    '\n',
    '\r\n',
    '\n\n',
    '\t',
    '\0',
    '\x7f',
    '\xe9',
  ];
  let answered = 0;
  for (let times = 0; times < 40_000; times++) {
    const output = Array.from({ length: 1 + random(14) }, () =>
      random(12) === 0 ? String.fromCodePoint(random(256)) : (parts[random(parts.length)] ?? ''),
    ).join('');
    try {
      const { status, headers } = parse(output);
      assert.ok(status >= 200 && status <= 599);
      for (const [name, value] of headers) {
        validateHeaderName(name);
        validateHeaderValue(name, value);
      }
      answered++;
    } catch (error) {
      assert.ok(error instanceof CgiOutputError, `${JSON.stringify(output)}: ${String(error)}`);
    }
  }
  assert.ok(answered > 200, `${answered} were answers`);
});
