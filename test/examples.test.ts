import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildExamples, type Example } from '../examples/build.ts';
import { landscape } from '../examples/samples/png.ts';
import { verifies } from '../requirements/verifies.ts';
import { freehold, root, startNodeProcess, temporaryDirectory, type NodeProcess } from './harness/node-process.ts';

const place = temporaryDirectory();
let node: NodeProcess;
let examples: Example[] = [];

before(async () => {
  examples = await buildExamples({ outDirectory: join(root, 'examples/dist'), log: () => undefined });
  node = await startNodeProcess(join(place.path, 'data'));
  const key = join(place.path, 'owner.key');
  assert.equal(freehold(['key', 'new', '--out', key], { node: node.url }).code, 0);
  for (const { name, file, deterministic } of examples) {
    const args = ['offer', file, '--name', name, '--price', '0', '--key', `@${key}`, ...(deterministic ? ['--deterministic'] : [])];
    const { code, stdout, stderr } = freehold(args, { node: node.url });
    assert.equal(code, 0, stdout + stderr);
  }
});
after(async () => {
  await node?.stop();
  place.remove();
});

const has = (name: string) => examples.some((example) => example.name === name);
const call = (path: string, init?: RequestInit) => fetch(new URL(path, node.url), init);

test('the calculator adds, subtracts, multiplies and divides', async () => {
  verifies('foundation.functions.examples');
  const answers = await Promise.all(
    ['add', 'subtract', 'multiply', 'divide'].map(async (name) => (await call(`/calculator.cgi/${name}?a=6&b=8`)).text()),
  );
  assert.deepEqual(answers, ['14\n', '-2\n', '48\n', '0.75\n']);
});

test('the converter turns the sample into JSON, and says what is wrong with what is no CSV', async () => {
  verifies('foundation.functions.examples');
  const csv = readFileSync(join(root, 'examples/samples/people.csv'), 'utf8');
  const good = await call('/csv-to-json.cgi', { method: 'POST', body: csv, headers: { 'content-type': 'text/csv' } });
  assert.equal(good.status, 200);
  assert.match(good.headers.get('content-type') ?? '', /^application\/json/);
  const rows = JSON.parse(await good.text());
  assert.deepEqual(Object.keys(rows[0]), csv.slice(0, csv.indexOf('\n')).trim().split(','));
  assert.equal(rows.length, 4);
  const bad = await call('/csv-to-json.cgi', { method: 'POST', body: 'a,b\n"open' });
  assert.equal(bad.status, 422);
});

test('the thumbnailer makes a picture smaller', async () => {
  verifies('foundation.functions.examples');
  const picture = landscape(320, 200);
  const response = await call('/thumbnail.cgi?width=40', { method: 'POST', body: picture, headers: { 'content-type': 'image/png' } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'image/png');
  const small = Buffer.from(await response.arrayBuffer());
  assert.equal(small.toString('latin1', 1, 4), 'PNG');
  assert.equal(small.readUInt32BE(16), 40);
});

test('the native program greets', async (t) => {
  verifies('foundation.functions.examples');
  if (!has('hello-c')) return t.skip('there is no C compiler here to build it (apt install gcc libc6-dev)');
  const response = await call('/hello-c.cgi/there?name=Mae');
  assert.equal(response.status, 200, await response.clone().text());
  assert.match(await response.text(), /Hello/i);
});
