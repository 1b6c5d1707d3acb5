import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFileName, nameKey, numberedName } from './file-name.ts';

const good = [
  'a',
  'report.pdf',
  '.profile',
  '...',
  'a b  c',
  'Übung.txt',
  'e\u0301',
  '日本語.md',
  'نمی\u200Cخواهم.txt',
  'क्\u200Dष',
  '👨\u200D👩\u200D👧 family.png',
  '❤\uFE0F.gif',
  '\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}',
  'back\\slash',
  'a:b*?"<>|',
  'x'.repeat(255),
  '日'.repeat(85),
];
const bad: [string, RegExp][] = [
  ['', /visible/],
  ['   ', /visible/],
  ['\uFEFF', /visible/],
  ['.', /folder by itself/],
  ['..', /folder by itself/],
  ['a/b', /slash/],
  ['/', /slash/],
  ['a\0b', /control/],
  ['a\nb', /control/],
  ['a\u0085b', /control/],
  ['a\u2028b', /control/],
  ['a\uD800', /surrogate/],
  ['\uDC00a', /surrogate/],
  ['invoice\u202Efdp.exe', /invisible/],
  ['a\u2066b', /invisible/],
  ['a\u200Fb', /invisible/],
  ['pay\u200Bpal', /invisible/],
  ['pay\u200Cpal', /invisible/],
  ['pay\u200Dpal', /invisible/],
  ['a\u00ADb', /invisible/],
  ['a\u2060b', /invisible/],
  ['a\uFE0Fb', /invisible/],
  ['a\u{E0061}b', /invisible/],
  ['\u3164', /invisible/],
  ['x'.repeat(256), /256 bytes/],
  ['日'.repeat(86), /258 bytes/],
];

test('names that other systems keep and people can read are taken', () => {
  for (const name of good) assert.doesNotThrow(() => checkFileName(name), JSON.stringify(name));
});

test('names that cannot be kept or could be mistaken are refused with a sentence', () => {
  for (const [name, message] of bad)
    assert.throws(() => checkFileName(name), { code: 'name_invalid', status: 400, message }, JSON.stringify(name));
});

test('composed and decomposed letters are one name', () => {
  assert.equal(nameKey('e\u0301.txt'), nameKey('\u00E9.txt'));
  assert.notEqual(nameKey('a'), nameKey('A'));
});

test('a number goes before the ending, and a long name is cut at a whole character', () => {
  assert.equal(numberedName('report.pdf', 2, 'file'), 'report (2).pdf');
  assert.equal(numberedName('v1.2', 3, 'folder'), 'v1.2 (3)');
  assert.equal(numberedName('.profile', 2, 'file'), '.profile (2)');
  assert.equal(numberedName('README', 10, 'file'), 'README (10)');
  const long = numberedName(`${'👩\u200D👧'.repeat(23)}.png`, 2, 'file');
  assert.ok(Buffer.byteLength(long) <= 255);
  assert.match(long, /^(👩\u200D👧)+ \(2\)\.png$/u);
  checkFileName(long);
});
