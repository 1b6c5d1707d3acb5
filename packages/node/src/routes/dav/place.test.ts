import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { hrefOf, placeOfReference, placeOfUrl } from './place.ts';

const refused = { code: 'dav_invalid', status: 400 };
const arrival = { origin: 'http://localhost:4200', remoteAddress: '127.0.0.1', isLoopback: true, userAgent: '' };

test('a URL is read segment by segment, and an address leads back to its place', () => {
  verifies('drive.webdav.hostile');
  assert.deepEqual(placeOfUrl('/dav').names, []);
  assert.deepEqual(placeOfUrl('/dav//a///b/?x=/../c').names, ['a', 'b']);
  assert.deepEqual(placeOfUrl('/%64av/a').names, ['a']);
  assert.deepEqual(placeOfUrl(Buffer.from('/dav/ä%20日').toString('latin1')).names, ['ä 日']);
  for (const names of [[], ['a b', '%2e%2e', 'ä', '#?&;+', "'()*!", '\u{1f600}', 'c:\\d', '...']]) {
    assert.deepEqual(placeOfUrl(hrefOf(names, false)).names, names);
    assert.deepEqual(placeOfUrl(hrefOf(names, true)).names, names);
    assert.match(hrefOf(names, true), /^[\x21-\x7e]+\/$/);
  }
});

test('no spelling of a URL leads out of the drive', () => {
  verifies('drive.webdav.hostile');
  for (const url of [
    '/',
    '/api/health',
    '/dav/..',
    '/dav/../api',
    '/dav/%2e%2e/api',
    '/dav/%2E./x',
    '/dav/./x',
    '/dav/a%2Fb',
    '/dav/a%2f..%2fb',
    '/dav/%00',
    '/dav/a%00.txt',
    '/dav/%ff',
    '/dav/%c0%ae%c0%ae/',
    '/dav/%',
    '/dav/%zz',
    '/dav%2Fa',
    '/dav/a#b',
    '/../dav/a',
    '/DAV/a',
    '',
  ])
    assert.throws(() => placeOfUrl(url), refused, url);
  // A backslash and an encoded percent sign are characters of a name, and nothing more.
  assert.deepEqual(placeOfUrl('/dav/..%5C..%5Cx').names, ['..\\..\\x']);
  assert.deepEqual(placeOfUrl('/dav/%252e%252e').names, ['%2e%2e']);
});

test('a destination is a path here or a full URL of this node; another server is another server', () => {
  verifies('drive.webdav.hostile');
  for (const reference of ['/dav/a', 'http://localhost:4200/dav/a', 'https://LOCALHOST:4200/dav/a'])
    assert.deepEqual(placeOfReference(reference, arrival)?.names, ['a'], reference);
  assert.deepEqual(placeOfReference('https://cloud.example:443/dav/a', { ...arrival, origin: 'https://cloud.example' })?.names, ['a']);
  for (const reference of [
    'http://evil.example/dav/a',
    'http://localhost/dav/a',
    'http://localhost:4200@evil.example/dav/a',
    'http://x@localhost:4200/dav/a',
    '//evil.example/dav/a',
    'http:///dav/a',
  ])
    assert.equal(placeOfReference(reference, arrival), undefined, reference);
  for (const reference of [
    '',
    'a',
    'dav/a',
    'file:///dav/a',
    'http://localhost:4200',
    'http://localhost:4200?/dav/a',
    'http://localhost:4200/dav/../x',
    '/dav/a#b',
    '\\dav\\a',
  ])
    assert.throws(() => placeOfReference(reference, arrival), refused, reference);
});
