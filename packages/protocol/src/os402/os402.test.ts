import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { privateKeyToAccount } from 'viem/accounts';
import { recoverAddress as recoverWithViem } from 'viem';
import { verifies } from '../../../../requirements/verifies.ts';
import { address as addressSchema, type Address } from '../address.ts';
import type { Token } from '../network.ts';
import { atomicUnits } from './amount.ts';
import { readOs402 } from './document.ts';
import { compactJson, parseExactly } from './exact-json.ts';
import { offerOfOs402 } from './translate.ts';

const seller = privateKeyToAccount(`0x${'42'.repeat(32)}`);
const owner = addressSchema.parse(seller.address);
const token: Token = {
  network: 'eip155:84532',
  asset: addressSchema.parse('0x036CbD53842c5426634e7929541eC2318f3dCF7e'),
  symbol: 'USDC',
  decimals: 6,
  domain: { name: 'USDC', version: '2' },
};
const now = 1_800_000_000_000;

/** As serde_json writes it: keys in any order on the wire, floats by ryu. */
const payloadText = (change: (text: string) => string = (text) => text) =>
  change(
    `{"valid_until":1900000000,"owner":"${seller.address}","name":"hello","min_duration_seconds":60,"price":[{"token":"USDC","token_address":"${token.asset}","network":"base-sepolia","per_second":1.6666666666666667e-5,"payment_address":"0x00000000000000000000000000000000000000aa"}],"limits":{"ram_kb":65536,"buffer_capacity":1048576,"cpu_time_secs":60,"wall_time_secs":120,"net":false,"tcp_bind":[],"tcp_connect":[],"retain":3600,"cpu_units":1},"exec":{"x86_64":{"sha256":"${'ab'.repeat(32)}"},"args":["-q"],"env":{"GREETING":"hé \\"you\\""},"env_extendable":true,"stdin_appendable":true}}`,
  );

/** Signs a text as OS402 does, independently of the code under test: the sorted text is written by hand in the tests that need it. */
async function signed(text: string, by = seller) {
  const digest = createHash('sha256')
    .update(compactJson(parseExactly(text)))
    .digest('hex');
  return `{"k256":"${await by.sign({ hash: `0x${digest}` })}","sha256":"${digest}","payload":${text}}`;
}

/** viem is asynchronous; the answer is looked up beforehand. */
async function recoverFor(document: string) {
  const { k256, sha256 } = JSON.parse(document);
  const who = await recoverWithViem({ hash: `0x${sha256}`, signature: k256 }).catch(() => undefined);
  return (digest: Uint8Array): Address | undefined =>
    Buffer.from(digest).toString('hex') === sha256 && who ? addressSchema.parse(who) : undefined;
}
const read = async (document: string) => readOs402(document, await recoverFor(document));
const translate = async (change?: (text: string) => string) => offerOfOs402(await read(await signed(payloadText(change))), { token, now });

test('the hash is that of serde_json: sorted keys, no spaces, numbers as they were written', () => {
  verifies('compute.os402.signed');
  const text = '{ "b": [1.0, 1e-7, -0.0, 1.6666666666666667e-5], "é": "\\u00e9/\\n\\u0001", "a": { "z": null, "Z": true } , "a\\"": 2 }';
  assert.equal(
    compactJson(parseExactly(text)),
    '{"a":{"Z":true,"z":null},"a\\"":2,"b":[1.0,1e-7,-0.0,1.6666666666666667e-5],"é":"é/\\n\\u0001"}',
  );
});

test('a signed document of OS402 is read; one that was changed, or names another hash or owner, is not', async () => {
  verifies('compute.os402.signed');
  const good = await signed(payloadText());
  const { hash, offer } = await read(good);
  assert.equal(hash, JSON.parse(good).sha256);
  assert.equal(offer.owner, owner);
  const changed = good.replace('"name":"hello"', '"name":"hullo"');
  await assert.rejects(read(changed), /was changed after signing/);
  const anotherHash = good.replace(/"sha256":"[0-9a-f]{64}","payload"/, `"sha256":"${'0'.repeat(64)}","payload"`);
  await assert.rejects(read(anotherHash), /says that its sha256 is 0000/);
  const thief = privateKeyToAccount(`0x${'43'.repeat(32)}`);
  await assert.rejects(signed(payloadText(), thief).then(read), /does not belong to the owner/);
  await assert.rejects(
    signed(payloadText((text) => text.replace('"net":false', '"gpu":true'))).then(read),
    /does not know what gpu in limits/,
  );
  await assert.rejects(signed(payloadText((text) => text.replace('"ram_kb":65536', '"ram_kb":"x"'))).then(read), /limits\.ram_kb/);
});

test('it becomes an offer that means the same, its amounts without floating point', async () => {
  verifies('compute.os402.translated');
  const offer = await translate();
  assert.deepEqual(offer.prices, [
    {
      network: token.network,
      asset: token.asset,
      amount: '1000',
      payTo: addressSchema.parse('0x00000000000000000000000000000000000000aa'),
    },
  ]);
  assert.deepEqual([offer.interface, offer.name, offer.args, offer.env], ['cgi', 'hello', ['-q'], { GREETING: 'hé "you"' }]);
  assert.deepEqual(offer.limits, {
    memoryBytes: 67_108_864,
    cpuMs: 60_000,
    wallMs: 120_000,
    outputBytes: 1_048_576,
    inputBytes: 2_097_152,
  });
  assert.deepEqual([offer.retention, offer.expiresAt, offer.programs[0]?.runtime], [3_600_000, 1_900_000_000_000, 'linux-x64']);

  const batch = await translate((text) => text.replace('"env_extendable":true,', '"args_extendable":true,').replace('"name":"hello",', ''));
  assert.deepEqual([batch.interface, batch.open, batch.minimumMs], ['batch', { args: true, input: true }, 60_000]);
  assert.deepEqual([batch.prices[0]?.per, batch.prices[0]?.amount], ['second', '17']);
  assert.match(batch.name, /^os402-[0-9a-f]{12}$/);
});

test('what cannot be kept to is refused with a sentence', async () => {
  verifies('compute.os402.translated');
  for (const [from, to, sentence] of [
    ['"net":false', '"net":true', /named hosts only/],
    ['"tcp_connect":[]', '"tcp_connect":[443]', /named hosts only/],
    ['"cpu_units":1', '"stack_kb":64', /stack/],
    ['"x86_64"', '"riscv64"', /processor "riscv64"/],
    ['"stdin_appendable":true', '"stdin_appendable":false', /variables of any name/],
    ['base-sepolia', 'Base', /none of the prices is in it/],
    ['"name":"hello"', '"name":"Hello World"', /no name here/],
    ['1.6666666666666667e-5', '-1', /no price/],
    ['"ram_kb":65536', '"ram_kb":1', /limits\.memoryBytes/],
    ['"wall_time_secs":120', '"wall_time_secs":6000', /limits\.wallMs/],
    ['"env":{', '"env_private":true,"env":{', /named by its sha256/],
  ] as const)
    await assert.rejects(
      translate((text) => text.replace(from, to)),
      sentence,
      from,
    );
});

test('amounts are exact, and never become nothing', () => {
  verifies('compute.os402.translated');
  const units = (text: string, seconds = 1) => atomicUnits(text, { seconds, decimals: 6 });
  assert.deepEqual(
    ['0.001', '1', '1.0', '0', '0.0000001', '1e-6', '1E2', '0.1'].map((text) => units(text)),
    [1000n, 1_000_000n, 1_000_000n, 0n, 1n, 1n, 100_000_000n, 100_000n],
  );
  assert.equal(units('1.6666666666666667e-5', 60), 1000n);
  assert.equal(units('0.00001666666', 60), 1000n, 'rounded up: the seller asked for so many digits');
  assert.equal(units('9007199254740993.000001'), 9_007_199_254_740_993_000_001n);
  for (const text of ['-1', 'NaN', '1e400', '0x1', '', '1_0', 'Infinity']) assert.equal(units(text), undefined, text);
});
