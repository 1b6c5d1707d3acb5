import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ProgramInfo } from '@freehold/protocol';
import { verifies } from '../requirements/verifies.ts';
import { buildExamples, type Example } from './build.ts';
import { chunk, landscape, makePng, signature, type PictureOptions } from './samples/png.ts';
import { openEngine, type Call } from './testing/engine.ts';
import { readPng } from './testing/read-png.ts';

/** Where the node takes them from, so that an unchanged example is not compiled for every run of the tests. */
const outDirectory = join(import.meta.dirname, 'dist');
const said: string[] = [];
const programs = new Map<string, ProgramInfo>();
let examples: Example[];
let engine: Awaited<ReturnType<typeof openEngine>>;

before(async () => {
  examples = await buildExamples({ outDirectory, log: (line) => said.push(line) });
  engine = await openEngine();
  for (const example of examples) programs.set(example.name, await engine.offer(example));
});

after(() => engine.stop());

const call = (name: string, request: Call) => engine.call(name, request);

test('what is built is kept until its sources change', async () => {
  const files = readdirSync(outDirectory);
  const quiet: string[] = [];
  assert.deepEqual(await buildExamples({ outDirectory, log: (line) => quiet.push(line) }), examples);
  assert.deepEqual(readdirSync(outDirectory), files);
  assert.deepEqual(
    quiet.filter((line) => line.startsWith('Building')),
    [],
  );
});

describe('calculator', () => {
  test('computes in double precision', async () => {
    verifies('foundation.functions.examples');
    const compute = async (path: string) =>
      (await call('calculator', { method: 'GET', path: `/${path.split('?')[0]}`, query: path.split('?')[1] ?? '' })).body.toString();
    assert.equal(await compute('multiply?a=6&b=7'), '42\n');
    assert.equal(await compute('add?a=0.1&b=0.2'), `${0.1 + 0.2}\n`);
    assert.equal(await compute('subtract?a=1&b=3'), '-2\n');
    assert.equal(await compute('divide?a=1&b=8'), '0.125\n');
    assert.equal(await compute('divide?a=1&b=0'), 'Infinity\n');
  });

  test('is a module without imports', () => {
    const program = programs.get('calculator');
    assert.equal(program?.kind, 'core');
    assert.deepEqual(
      program.exports
        .map(({ name }) => name)
        .filter((name) => name !== 'memory')
        .sort(),
      ['add', 'divide', 'multiply', 'subtract'],
    );
  });
});

describe('csv-to-json', () => {
  const convert = async (csv: string | Uint8Array) => {
    const { status, headers, body } = await call('csv-to-json', { body: csv });
    assert.deepEqual(headers, [['content-type', 'application/json']]);
    const json: unknown = JSON.parse(body.toString());
    return { status, json };
  };

  test('converts the sample', async () => {
    verifies('foundation.functions.examples');
    const { status, json } = await convert(readFileSync(join(import.meta.dirname, 'samples/people.csv')));
    assert.equal(status, 200);
    assert.deepEqual(json, [
      { name: 'Ada Lovelace', city: 'London', note: 'wrote the first program, for a machine that was never built' },
      { name: 'Grace Hopper', city: 'New York', note: 'said "it\'s easier to ask forgiveness"' },
      { name: 'Mary Kenneth Keller', city: 'Dubuque', note: 'two lines\nin one field' },
      { name: 'Radia Perlman', city: 'Portsmouth', note: '' },
    ]);
  });

  test('reads what spreadsheets write', async () => {
    verifies('foundation.functions.examples');
    const table: [string, unknown][] = [
      ['a,b\r\n1,2\r\n', [{ a: '1', b: '2' }]],
      ['a,b\n1,2', [{ a: '1', b: '2' }]],
      ['a,b\r1,2\r', [{ a: '1', b: '2' }]],
      ['\ufeffa\n1\n', [{ a: '1' }]],
      ['"a","b"\n"x,y","p""q"\n', [{ a: 'x,y', b: 'p"q' }]],
      ['a,b\n"","""\r\n"""\n', [{ a: '', b: '"\r\n"' }]],
      ['a,b\n\n1,2\n\n', [{ a: '1', b: '2' }]],
      ['a\n\n1\n', [{ a: '' }, { a: '1' }]],
      ['a,b\n,\n', [{ a: '', b: '' }]],
      ['a,b\n', []],
      ['größe,🦊\n"ü\tß\\",\u0001\n', [{ größe: 'ü\tß\\', '🦊': '\u0001' }]],
      ['__proto__,b\n1,2\n', JSON.parse('[{"__proto__":"1","b":"2"}]')],
    ];
    for (const [csv, expected] of table) assert.deepEqual(await convert(csv), { status: 200, json: expected }, JSON.stringify(csv));
  });

  test('says what is wrong and where', async () => {
    verifies('foundation.functions.examples');
    const table: [string | Uint8Array, RegExp][] = [
      ['', /^The body is empty\. Send CSV/],
      ['\ufeff', /^The body is empty/],
      ['a,b\n1,2\n1,2,3\n', /^The row on line 3 has 3 fields, but the header has 2\./],
      ['a,b\n"x\ny",2\n1\n', /^The row on line 4 has 1 fields/],
      ['a,a\n1,2\n', /^Columns 1 and 2 have the same name/],
      ['a\n"x\n', /^The quote opened on line 2 is never closed/],
      ['a\n"x"y\n', /^Something follows a closing quote on line 2/],
      ['a\nx"y\n', /^A quote stands inside an unquoted field on line 2/],
      [Uint8Array.of(0x61, 0x0a, 0xff), /^The body is not UTF-8: byte 2/],
      [Uint8Array.of(0x61, 0x0a, 0xed, 0xa0, 0x80), /^The body is not UTF-8: byte 2/],
      [Uint8Array.of(0x61, 0x0a, 0xc3), /^The body is not UTF-8: byte 2/],
    ];
    for (const [csv, message] of table) {
      const { status, json } = await convert(csv);
      assert.equal(status, 422);
      assert.match((json as { error: string }).error, message);
    }
  });

  test('converts a hundred thousand rows', async () => {
    const rows = Array.from({ length: 100_000 }, (_, row) => `${row},"row ${row}"`);
    const { json } = await convert(`id,label\n${rows.join('\n')}\n`);
    assert.ok(Array.isArray(json));
    assert.equal(json.length, 100_000);
    assert.deepEqual(json[99_999], { id: '99999', label: 'row 99999' });
  });
});

describe('thumbnail', () => {
  const shrink = async (picture: Uint8Array, query = '') => {
    const { status, headers, body } = await call('thumbnail', { query, body: picture });
    assert.deepEqual([status, headers], [200, [['content-type', 'image/png']]], body.toString());
    return readPng(body);
  };
  const refusal = async (body: Uint8Array, query = '') => {
    const answer = await call('thumbnail', { query, body });
    assert.equal(answer.status, 422);
    return (JSON.parse(answer.body.toString()) as { error: string }).error;
  };
  const noise = (x: number, y: number, channel: number) => (x * 7 + y * 13 + channel * 29 + ((x * y) % 11) * 17) & 255;
  const base: PictureOptions = {
    width: 37,
    height: 23,
    colorType: 'rgb',
    pixel: (x, y) => [noise(x, y, 0), noise(x, y, 1), noise(x, y, 2)],
  };
  const expected = (options: PictureOptions, rgba: (x: number, y: number) => number[]) =>
    Array.from({ length: options.height }, (_, y) => Array.from({ length: options.width }, (_, x) => rgba(x, y)).flat()).flat();

  test('reads every kind of 8-bit PNG without losing a bit', async () => {
    verifies('foundation.functions.examples');
    const palette = Array.from({ length: 256 * 3 }, (_, index) => (index * 31) & 255);
    const color = (index: number) => palette.slice(index * 3, index * 3 + 3);
    const index = (x: number, y: number) => noise(x, y, 3);
    const kinds: [PictureOptions, (x: number, y: number) => number[]][] = [
      [base, (x, y) => [...base.pixel(x, y), 255]],
      [{ ...base, colorType: 'gray', pixel: (x, y) => [index(x, y)] }, (x, y) => [index(x, y), index(x, y), index(x, y), 255]],
      [{ ...base, colorType: 'palette', palette, pixel: (x, y) => [index(x, y)] }, (x, y) => [...color(index(x, y)), 255]],
    ];
    for (const [options, rgba] of kinds) {
      assert.deepEqual((await shrink(makePng(options), 'width=1000')).rgba, expected(options, rgba), options.colorType);
    }
    const alpha = (x: number, y: number) => [200, 100, 50, noise(x, y, 0) | 1];
    const rgba = { ...base, colorType: 'rgba' as const, pixel: alpha };
    assert.deepEqual((await shrink(makePng(rgba), 'width=37')).rgba, expected(rgba, alpha));
  });

  test('reads every filter, every way to compress, and pixels spread over many chunks', async () => {
    verifies('foundation.functions.examples');
    const want = expected(base, (x, y) => [...base.pixel(x, y), 255]);
    const ways: Partial<PictureOptions>[] = [
      ...[0, 1, 2, 3, 4].map((kind) => ({ filter: () => kind })),
      { filter: (y) => y % 5, chunkSize: 1 },
      { compression: { level: 0 } },
      { compression: { level: 9 } },
      { compression: { level: 1, windowBits: 9 } },
      { compression: { strategy: 2 } },
      { compression: { strategy: 3 } },
      { compression: { strategy: 4 } },
    ];
    for (const way of ways) assert.deepEqual((await shrink(makePng({ ...base, ...way }), 'width=37')).rgba, want, JSON.stringify(way));
  });

  test('averages exactly the area that a pixel covers, and weighs colour by alpha', async () => {
    verifies('foundation.functions.examples');
    const half = await shrink(makePng({ ...base, width: 8, height: 6 }), 'width=4');
    assert.deepEqual([half.width, half.height], [4, 3]);
    const mean = (x: number, y: number, channel: number) =>
      Math.floor(
        [0, 1].flatMap((dy) => [0, 1].map((dx) => noise(2 * x + dx, 2 * y + dy, channel))).reduce((sum, value) => sum + value) / 4 + 0.5,
      );
    assert.deepEqual(
      half.rgba,
      expected({ ...base, width: 4, height: 3 }, (x, y) => [mean(x, y, 0), mean(x, y, 1), mean(x, y, 2), 255]),
    );

    const uneven = await shrink(makePng({ ...base, width: 3, height: 1, colorType: 'gray', pixel: (x) => [x * 90] }), 'width=2');
    assert.deepEqual(
      uneven.rgba.filter((_, index) => index % 4 === 0),
      [30, 150],
      '(0 + 90/2) / 1.5 and (90/2 + 180) / 1.5',
    );

    const pixel = (x: number) => (x === 0 ? [255, 0, 0, 255] : [0, 255, 0, 0]);
    const edge = await shrink(makePng({ ...base, width: 2, height: 1, colorType: 'rgba', pixel }), 'width=1');
    assert.deepEqual(edge.rgba, [255, 0, 0, 128], 'the green that nobody sees does not bleed in');
  });

  test('keeps the shape, never enlarges, and is 128 wide when nothing is asked for', async () => {
    const picture = landscape(300, 200);
    const sizes = { '': [128, 85], 'width=30': [30, 20], 'a=b&width=150': [150, 100], 'width=1': [1, 1], 'width=1024': [300, 200] };
    for (const [query, size] of Object.entries(sizes)) {
      const { width, height } = await shrink(picture, query);
      assert.deepEqual([width, height], size);
    }
  });

  test('makes a large photograph small within its limits', async () => {
    const { width, height } = await shrink(landscape(1800, 1200), 'width=256');
    assert.deepEqual([width, height], [256, 171]);
  });

  test('reads the transparency of palettes and single colours', async () => {
    const palette = [255, 0, 0, 0, 255, 0, 0, 0, 255];
    const three = { ...base, width: 3, height: 1, pixel: (x: number) => [x] };
    const ofPalette = await shrink(makePng({ ...three, colorType: 'palette', palette, transparency: [0, 128] }));
    assert.deepEqual(ofPalette.rgba, [0, 0, 0, 0, 0, 255, 0, 128, 0, 0, 255, 255]);
    const ofGray = await shrink(makePng({ ...three, colorType: 'gray', transparency: [0, 1] }));
    assert.deepEqual(ofGray.rgba, [0, 0, 0, 255, 0, 0, 0, 0, 2, 2, 2, 255]);
  });

  test('refuses what it cannot read with a sentence', async () => {
    verifies('foundation.functions.examples');
    const good = makePng(base);
    const header = good.subarray(0, 33);
    const end = chunk('IEND', Buffer.alloc(0));
    const flipped = Buffer.from(good);
    flipped[good.length - 30] = (flipped[good.length - 30] ?? 0) ^ 1;
    const huge = Buffer.alloc(13);
    huge.writeUInt32BE(100_000, 0);
    huge.writeUInt32BE(100_000, 4);
    huge.set([8, 2], 8);
    const withData = (data: Uint8Array) => Buffer.concat([header, chunk('IDAT', data), end]);
    const table: [Uint8Array, RegExp][] = [
      [Buffer.alloc(0), /^The body is empty/],
      [Buffer.from('hello'), /^This is not a PNG/],
      [Buffer.from([0xff, 0xd8, 0xff, 0xe0]), /^This is a JPEG/],
      [good.subarray(0, good.length - 20), /^The picture ends too early/],
      [header, /^The picture ends too early/],
      [flipped, /^A checksum in the picture is wrong/],
      [Buffer.concat([signature, end]), /does not begin with its header/],
      [Buffer.concat([header, end]), /no pixels/],
      [Buffer.concat([signature, chunk('IHDR', huge), end]), /more than 64 million pixels/],
      [makePng({ ...base, depth: 16 }), /16 bits per channel; only 8/],
      [makePng({ ...base, interlaced: true }), /interlaced/],
      [makePng({ ...base, colorType: 'palette', pixel: () => [0] }), /palette, but there is none/],
      [makePng({ ...base, colorType: 'palette', palette: [1, 2, 3], pixel: () => [1] }), /not in its palette/],
      [makePng({ ...base, filter: (y) => (y === 5 ? 9 : 0) }), /scanline of the PNG is damaged/],
      [withData(Buffer.from([0x78, 0x9c, 0x07])), /compressed data is damaged/],
      [withData(Buffer.from([0x78, 0x9c, 0x63])), /ends too early/],
      [withData(Buffer.from([1, 2, 3, 4])), /compressed data is damaged/],
      [makePng({ ...base, height: 24 }).fill(good.subarray(8, 33), 8, 33), /more pixels than its header says/],
      [makePng({ ...base, height: 22 }).fill(good.subarray(8, 33), 8, 33), /ends too early/],
      [Buffer.concat([header, chunk('ABCD', Buffer.alloc(0)), end]), /does not know/],
    ];
    for (const [body, message] of table) assert.match(await refusal(body), message);
    for (const query of ['width=0', 'width=1025', 'width=-1', 'width=1e3', 'width=99999999999', 'width=%31']) {
      assert.match(await refusal(good, query), /^The width must be a whole number from 1 to 1024/);
    }
  });
});

test('hello-c greets from a native sandbox and shows its limits', async (context) => {
  if (!programs.has('hello-c')) return context.skip(said.find((line) => line.includes('hello-c')) ?? 'it was not built');
  verifies('foundation.functions.examples');
  const { status, headers, body } = await call('hello-c', { method: 'GET', query: 'x=1&name=J%C3%BCrgen+%0A2' });
  assert.deepEqual([status, headers], [200, [['content-type', 'text/plain; charset=utf-8']]]);
  assert.match(body.toString(), /^Hello, Jürgen {2}2!\nmethod: GET\nquery: x=1&name=J%C3%BCrgen\+%0A2\nmemory: .+\ncpu: \d+ s\n$/);
});
