import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { offerIdOf, type Offer } from '@freehold/protocol';
import { privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { termsOf } from './testing/pay.ts';
import { expectJson, sell, signOffer, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

const withoutCompiler = (() => {
  try {
    return execFileSync('cc', ['--version']).length === 0;
  } catch {
    return 'no C compiler (cc) on this machine';
  }
})();

const guest = `#include <stdio.h>
#include <stdlib.h>
int main(void) { const char *method = getenv("REQUEST_METHOD"); printf("Content-Type: text/plain\\n\\nhello over %s\\n", method ? method : "nothing"); return 0; }
`;
const here = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const sha256Of = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe("OS402's paths", { skip: withoutCompiler }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-os402-'));
  let node: TestNode;
  let seller: Person;
  let program: Buffer;

  before(async () => {
    node = await startTestNode();
    seller = await node.signIn();
    writeFileSync(join(directory, 'guest.c'), guest);
    execFileSync('cc', ['-O1', '-static', '-o', join(directory, 'guest'), join(directory, 'guest.c')]);
    program = readFileSync(join(directory, 'guest'));
  });
  after(async () => {
    await node?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  const token = () => {
    assert.ok(node.info.token);
    return node.info.token;
  };

  /** The text that serde_json makes: every object's keys in the order of the alphabet, as they are written here. */
  const payloadOf = (name: string, change: (text: string) => string = (text) => text) =>
    change(
      `{"exec":{${[`"${here}":{"sha256":"${sha256Of(program)}"}`, '"env_extendable":true', '"stdin_appendable":true'].toSorted().join(',')}},"limits":{"buffer_capacity":1048576,"cpu_time_secs":10,"cpu_units":1,"net":false,"ram_kb":65536,"tcp_bind":[],"tcp_connect":[],"wall_time_secs":20},"min_duration_seconds":60,"name":"${name}","owner":"${seller.address}","price":[{"network":"${token().network}","payment_address":"${seller.address}","per_second":1.6666666666666667e-5,"token":"USDC","token_address":"${token().asset}"}],"valid_until":${Math.floor(Date.now() / 1000) + 3600}}`,
    );

  async function sign(payload: string, by = seller.account) {
    const hash = sha256Of(payload);
    return { hash, text: `{"k256":"${await by.sign({ hash: `0x${hash}` })}","sha256":"${hash}","payload":${payload}}` };
  }

  const put = (hash: string, parts: Record<string, string | Buffer>) => {
    const form = new FormData();
    for (const [name, content] of Object.entries(parts))
      form.append(name, typeof content === 'string' ? content : new Blob([new Uint8Array(content)]), name);
    return fetch(new URL(`/${hash}`, node.url), { method: 'PUT', body: form });
  };
  const upload = async (hash: string, parts: Record<string, string | Buffer>) => {
    const form: Record<string, Buffer> = Object.fromEntries(Object.entries(parts).map(([name, content]) => [name, Buffer.from(content)]));
    return put(hash, form);
  };

  test('a document of OS402 is uploaded, listed, found, priced and called under its own hash', async () => {
    verifies('compute.os402.translated', 'compute.os402.http');
    const { hash, text } = await sign(payloadOf('os402-hello'));
    assert.equal((await fetch(new URL(`/${sha256Of(program)}.exe`, node.url), { method: 'HEAD' })).status, 404);
    const created = await upload(hash, { config: text, [`exe_${here}`]: program });
    assert.equal(created.status, 201, await created.clone().text());
    assert.equal(((await created.json()) as { offer_hash: string }).offer_hash, hash);
    assert.equal((await fetch(new URL(`/${sha256Of(program)}.exe`, node.url), { method: 'HEAD' })).status, 200);
    assert.deepEqual(Object.keys((await expectJson(await fetch(new URL(`/${sha256Of(program)}.exe`, node.url)))).offers), [hash]);

    const { offers, count } = await expectJson(await fetch(new URL('/offers', node.url)));
    assert.deepEqual([count, offers[hash].name, offers[hash].exec[here].sha256], [1, 'os402-hello', sha256Of(program)]);
    for (const path of [`/${hash}`, '/os402-hello']) assert.equal(await (await fetch(new URL(path, node.url))).text(), text);

    const summary = await expectJson(await fetch(new URL(`/api/offers/${hash}`, node.url)));
    assert.deepEqual([summary.os402, summary.offer.prices[0].amount], [hash, '1000'], '1.6666666666666667e-5 a second, sixty times');
    for (const path of [`/${hash}.cgi/x`, '/os402-hello.cgi/x'])
      assert.equal((await termsOf(`${node.url}${path}`)).accepts[0]?.amount, '1000');
  });

  test('a hash that is not that of the offer, or a program that is not the one it names, is refused', async () => {
    verifies('compute.os402.signed', 'compute.os402.http');
    const { hash, text } = await sign(payloadOf('confused'));
    const refusal = async (response: Response) => `${response.status} ${await response.text()}`;
    assert.match(await refusal(await upload('0'.repeat(64), { config: text })), /^422 .*not the one in the path/);
    assert.match(
      await refusal(await upload(hash, { config: text, [`exe_${here}`]: Buffer.concat([program, Buffer.of(0)]) })),
      /^422 .*have the sha256/,
    );
    assert.match(await refusal(await upload(hash, { config: text, exe_mips: program })), /^400 .*no part ..exe_mips/);
    assert.match(await refusal(await upload(hash, { [`exe_${here}`]: program, config: text })), /^400 .*first part must be/);
    assert.match(await refusal(await upload(hash, { config: text, env: '{}' })), /^400 .*names no sha256/);
    assert.match(await refusal(await upload(hash, { config: text.replace('confused', 'confusef') })), /^422 .*changed after signing/);
    assert.match(await refusal(await upload(hash, { config: '{"k256":1' })), /^400 .*not valid JSON/);
    assert.match(await refusal(await put(hash, {})), /^4\d\d /);
    const stranger = privateKeyToAccount(`0x${'77'.repeat(32)}`);
    const foreign = await sign(
      payloadOf('foreign', (payload) => payload.replace(`"owner":"${seller.address}"`, `"owner":"${stranger.address}"`)),
      stranger,
    );
    assert.match(await refusal(await upload(foreign.hash, { config: foreign.text, [`exe_${here}`]: program })), /^403 .*may not sell/);
    assert.equal((await fetch(new URL(`/${hash}`, node.url))).status, 404);
  });

  test('a withdrawn document is not brought back by whoever has read it', async () => {
    verifies('compute.os402.http');
    const { hash, text } = await sign(payloadOf('gone'));
    const again = () => upload(hash, { config: text, [`exe_${here}`]: program });
    assert.equal((await again()).status, 201);
    assert.equal((await again()).status, 201, 'the same once more changes nothing');
    const { id } = await expectJson(await fetch(new URL(`/api/offers/${hash}`, node.url)));
    await expectJson(await seller.fetch(`/api/offers/${id}`, { method: 'DELETE' }));
    assert.equal((await again()).status, 409);
    assert.equal((await fetch(new URL('/gone.cgi', node.url))).status, 404);
  });

  test('an older document does not take the place of a later one, whoever sends it', async () => {
    verifies('compute.os402.http');
    const { offer } = await sell(node, seller, { program, name: 'dearer', amount: '9000' });
    const send = async (changed: Offer) => {
      const config = JSON.stringify(await signOffer(seller.account, changed));
      return (await upload(offerIdOf(changed), { config, [`exe_${offer.programs[0]?.runtime}`]: program })).status;
    };
    const cheaper = { ...offer, prices: offer.prices.map((price) => ({ ...price, amount: '1' })) };
    const priceNow = async () => (await expectJson(await fetch(new URL('/api/offers/dearer', node.url)))).offer.prices[0].amount;
    assert.deepEqual([await send({ ...cheaper, createdAt: offer.createdAt - 60_000 }), await priceNow()], [409, '9000']);
    assert.deepEqual([await send({ ...cheaper, createdAt: Date.now() + 1 }), await priceNow()], [201, '1']);

    const lasting = await sign(payloadOf('lasting'));
    assert.equal((await upload(lasting.hash, { config: lasting.text, [`exe_${here}`]: program })).status, 201);
    const until = Math.floor(Date.now() / 1000) + 600;
    const shorter = await sign(payloadOf('lasting', (payload) => payload.replace(/"valid_until":\d+/, `"valid_until":${until}`)));
    assert.equal((await upload(shorter.hash, { config: shorter.text, [`exe_${here}`]: program })).status, 409);
  });

  test('our own document may come by the same path, and is read there', async () => {
    verifies('compute.os402.http');
    const { offer: kept } = await sell(node, seller, { program, name: 'kept' });
    const offer: Offer = { ...kept, name: 'ours', createdAt: Date.now() };
    const signed = await signOffer(seller.account, offer);
    const id = offerIdOf(offer);
    const created = await upload(id, { config: JSON.stringify(signed), [`exe_${offer.programs[0]?.runtime}`]: program });
    assert.equal(created.status, 201, await created.text());
    assert.deepEqual(await expectJson(await fetch(new URL(`/${id}`, node.url))), signed);
    assert.deepEqual(await expectJson(await fetch(new URL('/ours', node.url))), signed);
    for (const path of ['/nothing', '/..', '/%00', `/${'0'.repeat(64)}`, '/x'.repeat(3)])
      assert.equal((await fetch(new URL(path, node.url))).status >= 400 || path === '/..', true, path);
  });
});
