import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { verifies } from '../../../../../requirements/verifies.ts';
import { DavError } from './error.ts';
import { holds, parseIf, tokensOf } from './if-header.ts';

const state = { tokens: new Set(['urn:a']), etag: '"e"' };
const check = (header: string) =>
  holds(parseIf(header), async (resource) => (resource === '/none' ? { tokens: new Set<string>(), etag: undefined } : state));

test('one list must hold, and in it all conditions', async () => {
  verifies('drive.webdav.locks');
  for (const header of [
    '(<urn:a>)',
    '(["e"])',
    '(<urn:a> ["e"])',
    '(<urn:b>)(<urn:a>)',
    '(Not <urn:b>)',
    '( not<DAV:no-lock> <urn:a> )',
    '</none> (<urn:a>) </x> (<urn:a>)',
    '</none>(Not ["e"])',
    ' (<urn:b>) (["e"]) ',
  ])
    assert.equal(await check(header), true, header);
  for (const header of [
    '(<urn:b>)',
    '(<urn:a> ["f"])',
    '(Not <urn:a>)',
    '(["e"] Not ["e"])',
    '</none> (<urn:a>) (["e"])',
    '(W/"e")'.replace('W/"e"', '[W/"e"]'),
  ])
    assert.equal(await check(header), false, header);
});

test('to name a token is to submit it', () => {
  verifies('drive.webdav.locks');
  assert.deepEqual([...tokensOf(parseIf('</x> (<urn:a> ["e"]) (Not <urn:b>)'))], ['urn:a', 'urn:b']);
});

test('anything else is refused as a bad request, and nothing breaks', () => {
  verifies('drive.webdav.hostile');
  const refused = { code: 'dav_invalid', status: 400 };
  for (const header of [
    '',
    ' ',
    '()',
    '(',
    '<urn:a>',
    '(urn:a)',
    '(<urn:a>',
    '(<urn:a>)x',
    '(<urn:a>) </x> (<urn:a>)',
    '(Not)',
    '(Not Not <urn:a>)',
    '(<a b>)',
    '("e")',
    '<x> <y> (<urn:a>)',
  ])
    assert.throws(() => parseIf(header), refused, header);
  const piece = fc.constantFrom('(', ')', '<', '>', '[', ']', '"', 'W/', 'Not', ' ', '\t', 'urn:a', '/x', ',', 'é');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
      (header) => {
        try {
          assert.ok(parseIf(header).length > 0);
        } catch (error) {
          assert.ok(error instanceof DavError && error.status === 400, header);
        }
      },
    ),
    { numRuns: 5000 },
  );
});
