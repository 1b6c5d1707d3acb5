import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRange } from './range.ts';
import { userContentHeaders } from './user-content.ts';

test('single ranges of RFC 9110 are understood', () => {
  assert.deepEqual(parseRange('bytes=0-4', 10), { start: 0, end: 4 });
  assert.deepEqual(parseRange('bytes=5-', 10), { start: 5, end: 9 });
  assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 9 });
  assert.deepEqual(parseRange('bytes=-30', 10), { start: 0, end: 9 });
  assert.deepEqual(parseRange('bytes=8-99', 10), { start: 8, end: 9 });
});

test('what is no single byte range is answered whole; what lies outside is refused with the size', () => {
  for (const header of [undefined, '', 'items=0-1', 'bytes=', 'bytes=-', 'bytes=0-1,3-4', 'bytes=4-2', 'bytes=a-b'])
    assert.equal(parseRange(header, 10), undefined);
  for (const header of ['bytes=10-', 'bytes=10-20', 'bytes=-0']) assert.throws(() => parseRange(header, 10), { status: 416 });
  assert.throws(() => parseRange('bytes=0-0', 0), { status: 416 });
});

test('active types are downloads, everything is sandboxed, and a name cannot break out of its header', () => {
  for (const mediaType of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'application/javascript', '']) {
    assert.match(userContentHeaders({ mediaType, name: 'x', download: false })['content-disposition'] ?? '', /^attachment;/);
  }
  const headers = userContentHeaders({ mediaType: 'image/png', name: 'a"b\r\nX: 1 ü%.png', download: false });
  assert.match(headers['content-security-policy'] ?? '', /^sandbox;/);
  assert.match(headers['content-disposition'] ?? '', /^inline; filename="[\x20-\x7e]*"; filename\*=UTF-8''[A-Za-z0-9%._~!-]*$/);
});
