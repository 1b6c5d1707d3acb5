import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { termsOf } from './testing/pay.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

const withoutCompiler = (() => {
  try {
    return execFileSync('cc', ['--version']).length === 0;
  } catch {
    return 'no C compiler (cc) on this machine';
  }
})();

/** Shows its secret, its declared input, and takes its time when asked to. */
const guest = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
int main(void) {
  const char *token = getenv("TOKEN"), *query = getenv("QUERY_STRING");
  char input[256];
  size_t size = fread(input, 1, sizeof input, stdin);
  if (query && strcmp(query, "slow") == 0) { struct timespec t = { 1, 0 }; nanosleep(&t, 0); }
  printf("Content-Type: text/plain\\n\\n%s/%.*s", token ? token : "none", (int)size, input);
  return 0;
}
`;
const token = 'hunter2-of-the-seller';
const prefix = 'private-input-of-the-seller ';
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('secrets and pools', { skip: withoutCompiler }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-secrets-'));
  let node: TestNode;
  let seller: Person;
  let other: Person;
  let program: Buffer;

  before(async () => {
    node = await startTestNode({ dataDirectory: join(directory, 'data'), pools: [{ name: 'spare', memory: 0.5, slots: 0.5 }] });
    seller = await node.signIn();
    other = await node.letIn(seller, 'member');
    writeFileSync(join(directory, 'guest.c'), guest);
    execFileSync('cc', ['-O1', '-static', '-o', join(directory, 'guest'), join(directory, 'guest.c')]);
    program = readFileSync(join(directory, 'guest'));
  });
  after(async () => {
    await node?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  const put = (person: Person, commitment: string, body: Buffer) =>
    person.fetch(`/api/secrets/${commitment}`, { method: 'PUT', body: new Uint8Array(body) });
  const secretOf = (value = token) =>
    json({ salt: randomBytes(16).toString('hex'), env: { TOKEN: value }, input: Buffer.from(prefix).toString('base64') });

  test('a secret reaches the program of its seller, and nothing and nobody else', async () => {
    verifies('compute.offers.secrets');
    const document = secretOf();
    const commitment = sha256Of(document);
    const secret = { env: commitment, input: commitment };
    await assert.rejects(sell(node, seller, { program, name: 'early', amount: '0', secret }), /422 .*secret_unknown/);
    assert.equal((await put(seller, commitment, document)).status, 201);
    await sell(node, seller, { program, name: 'secretive', amount: '0', secret });
    const call = (body: string) => fetch(new URL('/secretive.cgi', node.url), { method: 'POST', body });
    assert.equal(await (await call('hello')).text(), `${token}/${prefix}hello`);

    // The commitment can be read by everybody; it opens nothing for another seller.
    await assert.rejects(sell(node, other, { program, name: 'thief', amount: '0', secret }), /422 .*secret_unknown/);
    assert.deepEqual(await expectJson(await other.fetch('/api/secrets')), { secrets: [] });
    assert.equal((await other.fetch(`/api/secrets/${commitment}`, { method: 'DELETE' })).status, 204);
    assert.equal((await call('')).status, 200, 'another cannot take it away');

    assert.deepEqual((await expectJson(await seller.fetch('/api/secrets'))).secrets[0].commitment, commitment);
    const kept = readdirSync(join(directory, 'data'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const entry of kept) {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      const isOutput = bytes.includes('Content-Type: text/plain');
      if (!isOutput) assert.ok(!bytes.includes(token) && !bytes.includes(prefix), `${entry.name} holds the secret`);
    }
    assert.ok(!node.log.join('').includes(token));
    const said = await (await fetch(new URL('/api/offers/secretive', node.url))).text();
    assert.ok(!said.includes(token));
  });

  test('equal calls with different secrets do not share a result', async () => {
    verifies('compute.offers.secrets');
    for (const value of ['one', 'two']) {
      const document = secretOf(value);
      await expectJson(await put(seller, sha256Of(document), document));
      await sell(node, seller, { program, name: `pure-${value}`, amount: '0', deterministic: true, secret: { env: sha256Of(document) } });
    }
    for (const value of ['one', 'two']) assert.equal(await (await fetch(new URL(`/pure-${value}.cgi`, node.url))).text(), `${value}/`);
  });

  test('what is no secret document is refused, without a word of what it holds', async () => {
    verifies('compute.offers.secrets');
    const salt = randomBytes(16).toString('hex');
    for (const document of [
      json({ env: { TOKEN: token } }),
      json({ salt: 'aa', env: { TOKEN: token } }),
      json({ salt, env: { 'BAD-NAME': token } }),
      json({ salt, env: { TOKEN: token }, more: 1 }),
      json({ salt, input: 'not base64!' }),
      Buffer.from(`{"salt": "${token}`),
    ]) {
      const refusal = await put(seller, sha256Of(document), document);
      assert.equal(refusal.status, 422, document.toString());
      assert.ok(!(await refusal.text()).includes(token));
    }
    assert.equal((await put(seller, '0'.repeat(64), secretOf())).status, 422);
    assert.equal((await put(seller, '0'.repeat(64), Buffer.alloc(300_000))).status, 413);
    const declared = secretOf();
    await expectJson(await put(seller, sha256Of(declared), declared));
    const guestOf = (rest: object) => sell(node, seller, { program, name: 'kinds', amount: '0', ...rest });
    const envOnly = json({ salt, env: { TOKEN: token } });
    await expectJson(await put(seller, sha256Of(envOnly), envOnly));
    await assert.rejects(guestOf({ secret: { input: sha256Of(envOnly) } }), /holds no input/);
  });

  test('a call is free while there is room in the pool, and has its price when there is none', async () => {
    verifies('compute.offers.pools');
    await assert.rejects(sell(node, seller, { program, name: 'wrong', pool: 'night' }), /no pool .*It has: spare/);
    await sell(node, seller, { program, name: 'pooled', pool: 'spare' });
    const url = `${node.url}/pooled.cgi`;
    const free = await fetch(url);
    assert.deepEqual([free.status, await free.text()], [200, 'none/']);
    assert.match(free.headers.get('x-os402-task') ?? '', /^id=\S+ utime=\d+ stime=0 maxrss=\d+$/);
    const slow = fetch(`${url}?slow`);
    // One slot: half of the two programs that this node runs at once.
    for (let waited = 0; (await expectJson(await fetch(new URL('/api/offers/pooled', node.url)))).pool.isFree; waited++) {
      assert.ok(waited < 200, 'the slow call takes the room');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const terms = await termsOf(url);
    assert.match(terms.error ?? '', /the pool "spare", in which this is free, is full now/);
    const { id } = await expectJson(await fetch(new URL('/api/offers/pooled', node.url)));
    assert.deepEqual([terms.accepts[0]?.amount, terms.extensions?.['freehold']], ['1000', { info: { offer: id, pool: 'spare' } }]);
    assert.equal((await slow).status, 200);
    assert.equal((await fetch(url)).status, 200, 'the room is there again');
  });
});
