import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { verifies } from '../../../../../requirements/verifies.ts';
import { DavError } from './error.ts';
import { childOf, escapeXml, parseXml, serializeXml } from './xml.ts';

const parse = (text: string) => parseXml(Buffer.from(text));
const refused = { code: 'dav_invalid', status: 400 };

test('an element is the same after it was written and read again: namespaces, attributes, language and text', () => {
  verifies('drive.webdav.properties');
  const source = `<?xml version="1.0"?><p:outer xmlns:p="urn:p" xml:lang="de"><x xmlns="urn:x" p:a="1 &amp;&#10;2" b='"'>
    <![CDATA[<raw>]]><y xmlns="">\u{1f600} ]]&gt;&#13;</y><p:z/></x></p:outer>`;
  const [inner] = parse(source).children;
  assert.ok(inner && typeof inner !== 'string');
  const written = serializeXml(inner);
  // It stands by itself: no prefix or language of what was around it is needed.
  const again = parse(`<other xmlns="urn:other" xmlns:p="urn:wrong">${written}</other>`).children[0];
  assert.ok(again && typeof again !== 'string');
  const plain = ({ namespace, name, attributes, children }: typeof inner): unknown => ({
    namespace,
    name,
    attributes: attributes.map((one) => ({ ...one })),
    children: children.reduce<unknown[]>((all, child) => {
      const last = all.at(-1);
      if (typeof child === 'string' && typeof last === 'string') return [...all.slice(0, -1), last + child];
      return [...all, typeof child === 'string' ? child : plain(child)];
    }, []),
  });
  const language = { namespace: 'http://www.w3.org/XML/1998/namespace', name: 'lang', value: 'de' };
  assert.deepEqual(plain(again), plain({ ...inner, attributes: [...inner.attributes, language] }));
  assert.equal(serializeXml(again), written);
});

test('UTF-16 is read by its byte order mark; what is not text is refused', () => {
  verifies('drive.webdav.hostile');
  assert.equal(parseXml(Buffer.from('\ufeff<a>ä</a>', 'utf16le')).children[0], 'ä');
  assert.equal(parseXml(Buffer.from('\ufeff<a>ä</a>', 'utf16le').swap16()).children[0], 'ä');
  assert.throws(() => parseXml(Buffer.from([0x3c, 0x61, 0xff, 0x2f, 0x3e])), refused);
});

test('entities, document types, floods of elements and malformed XML are refused', () => {
  verifies('drive.webdav.hostile');
  for (const text of [
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    '<a>&b;</a>',
    '<a>&#0;</a>',
    '<a/><a/>',
    '<a></b>',
    '<a',
    '',
    ' ',
    'text',
    '<p:a/>',
    '<a><b:c xmlns:b=""/></a>',
    '<a b="1" b="2"/>',
    '<a>'.repeat(101) + '</a>'.repeat(101),
    `<a>${'<b/>'.repeat(20_000)}</a>`,
  ])
    assert.throws(() => parse(text), refused, text.slice(0, 60));
  assert.ok(childOf(parse('<D:a xmlns:D="DAV:"><!-- c --><?pi x?><D:b/></D:a>'), 'b'));
});

test('whatever comes, the reader answers an element or a refusal', () => {
  verifies('drive.webdav.hostile');
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    'a',
    'D:',
    'xmlns="',
    'DAV:',
    '"',
    "'",
    '&',
    ';',
    '#',
    '&lt;',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '<!DOCTYPE',
    ' ',
    '=',
    '\0',
    'é',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      (text) => {
        try {
          const element = parse(text);
          parse(serializeXml(element));
        } catch (error) {
          assert.ok(error instanceof DavError && error.status === 400, `${text}: ${String(error)}`);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('text is written so that it stays text', () => {
  verifies('drive.webdav.hostile');
  assert.equal(escapeXml('<a b="c">&\r\n'), '&lt;a b=&quot;c&quot;&gt;&amp;&#13;\n');
  assert.equal(escapeXml('\0\x0b\ufffe\uffff'), '\ufffd'.repeat(4));
});
