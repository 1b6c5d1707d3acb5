import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openSchemas } from './schemas.ts';
import { isTame } from './tame.ts';

const schemas = openSchemas();
after(() => schemas.stop());
const fault = (schema: Record<string, unknown>, value: unknown) => schemas.faultOf(schema, Buffer.from(JSON.stringify(value)));

test('says where a value does not fit, in words', async () => {
  const person = { type: 'object', properties: { age: { type: 'integer', minimum: 0 } }, additionalProperties: false };
  assert.equal(await fault(person, { age: 7 }), undefined);
  assert.equal(await fault(person, { age: -7 }), '/age must be >= 0');
  assert.equal(await fault(person, { name: 'Ada' }), 'it must NOT have additional properties ("name")');
  assert.equal(await fault({ enum: ['a', 'b'] }, 'c'), 'it must be equal to one of the allowed values: ["a","b"]');
  assert.equal(
    await fault({ type: 'array', prefixItems: [{ type: 'string' }], items: false }, ['a', 1]),
    'it must NOT have more than 1 items',
  );
});

test('a schema that means nothing is refused', async () => {
  assert.match((await schemas.refusalOf({ type: 'strnig' })) ?? '', /type/);
  assert.match((await schemas.refusalOf({ $ref: 'https://example.com/schema' })) ?? '', /can't resolve reference/);
  assert.match((await schemas.refusalOf({ $schema: 'http://json-schema.org/draft-04/schema#' })) ?? '', /no schema with key or ref/);
  assert.match((await schemas.refusalOf({ pattern: '(' })) ?? '', /[Rr]egular expression/);
});

test('schemas know nothing of each other', async () => {
  assert.equal(await schemas.refusalOf({ $id: 'https://example.com/a', type: 'string' }), undefined);
  assert.equal(await schemas.refusalOf({ $id: 'https://example.com/a', type: 'number' }), undefined);
  assert.match((await schemas.refusalOf({ $ref: 'https://example.com/a' })) ?? '', /can't resolve reference/);
});

test('a pattern that backtracks for ever holds up nobody', async () => {
  verifies('compute.tool.schema');
  const evil = fault({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(60)}!`);
  const good = fault({ type: 'number' }, 1);
  let turns = 0;
  const beat = setInterval(() => turns++, 10);
  assert.equal(await evil, 'it takes too long to check');
  clearInterval(beat);
  assert.ok(turns > 5, `the node went on working (${turns} beats)`);
  assert.equal(await good, undefined);
});

test('a value that is nested without end is refused', async () => {
  const deep = Buffer.from('['.repeat(200_000) + ']'.repeat(200_000));
  assert.equal(await schemas.faultOf({ type: 'array', items: { $ref: '#' } }, deep), 'it is nested too deeply');
  assert.equal(await schemas.faultOf({}, Buffer.from([0x22, 0xff, 0x22])), 'it is not JSON');
});

test('what is checked at once is told from what may take long', async () => {
  verifies('compute.tool.schema');
  const tame = { type: 'object', properties: { a: { anyOf: [{ type: 'string', maxLength: 3 }, { enum: [1, { pattern: 'x' }] }] } } };
  assert.equal(isTame(tame, JSON.stringify(tame)), true);
  for (const part of [{ pattern: 'a' }, { uniqueItems: true }, { $ref: '#' }, { patternProperties: {} }, { $defs: {} }, { contains: {} }])
    for (const schema of [
      part,
      { properties: { a: part } },
      { items: part },
      { prefixItems: [part] },
      { not: part },
      { additionalProperties: part },
    ])
      assert.equal(isTame(schema, JSON.stringify(schema)), false, JSON.stringify(schema));
  // Both ways say the same.
  const long = { a: 'x'.repeat(20_000) };
  assert.equal(await fault(tame, { a: 'long' }), '/a must NOT have more than 3 characters');
  assert.equal(await fault(tame, long), '/a must NOT have more than 3 characters');
});
