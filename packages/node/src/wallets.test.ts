import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  parseTransaction,
  recoverMessageAddress,
  recoverTypedDataAddress,
  recoverTransactionAddress,
  recoverAddress,
  keccak256,
  toBytes,
} from 'viem';
import { verifies } from '../../../requirements/verifies.ts';
import { standInRoot } from '@freehold/identity';
import { errorBody } from '@freehold/protocol';
import { derive, formsOf, issue, standInSecret } from '../../identity/src/testing/key-forms.ts';
import { makeAuthenticator } from '../../identity/src/testing/authenticator.ts';
import { readConfig } from './config.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let owner: Person;
let alice: Signed;
let bob: Signed;
type Signed = { id: string; email: string; address: `0x${string}`; pubKeyHex: `0x${string}`; token: string };

const keyService = { at: 'stand-in', trustedRoots: [standInRoot] } as const;
const call = (
  path: string,
  { json, token, method = json === undefined ? 'GET' : 'POST' }: { json?: unknown; token?: string; method?: string } = {},
) =>
  fetch(new URL(path, node.url), {
    method,
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
const errorOf = async (response: Response) => errorBody.parse(await response.json()).error;
const signUp = async (email: string, userId: string): Promise<Signed> =>
  expectJson(await call('/api/signup', { json: { email, userId, transport: 'bearer' } }));
const sign = async (who: Signed, body: object, name = 'me') =>
  expectJson(await call(`/api/users/${encodeURIComponent(name)}/sign`, { json: body, token: who.token }));
const verify = async (body: object) => expectJson(await call('/api/verify', { json: body }));

before(async () => {
  node = await startTestNode({ keyService, signUp: 'open', exposeInfo: true });
  owner = await node.signIn();
  alice = await signUp('Alice@Example.com', 'alice');
  bob = await signUp('bob@example.com', 'bob');
});
after(() => node.end());

test('signing up answers as the seed says, stores public things, and refuses a second time', async () => {
  verifies('wallet.signup');
  const { token, ...answer } = alice;
  assert.match(token, /^fs_/);
  assert.deepEqual(Object.keys(answer).sort(), ['address', 'email', 'id', 'pubKeyHex']);
  assert.equal(answer.email, 'alice@example.com');
  assert.match(answer.pubKeyHex, /^0x04[0-9a-f]{128}$/);
  assert.notEqual(alice.address, bob.address);
  for (const json of [
    { email: 'ALICE@example.com', userId: 'alice2' },
    { email: 'alice2@example.com', userId: 'alice' },
  ]) {
    const refused = await call('/api/signup', { json });
    assert.equal(refused.status, 409);
    assert.equal((await errorOf(refused)).code, 'user_exists');
  }
  for (const json of [
    {},
    { email: 'no', userId: 'x' },
    { email: 'a@b.co' },
    { email: 'a@b.co', userId: 'with space' },
    { email: 'a@b.co', userId: '\0' },
    { email: 'c@d.co', userId: 'x', role: 'owner' },
  ])
    assert.equal((await call('/api/signup', { json })).status, 400, JSON.stringify(json));
  const browser = await call('/api/signup', { json: { email: 'carol@example.com', userId: 'carol' } });
  assert.equal(browser.status, 201);
  assert.match(browser.headers.get('set-cookie') ?? '', /^freehold_session=fs_.*HttpOnly/);
  assert.equal('token' in (await expectJson(browser)), false);
});

test('twenty who sign up with one name at once: one is in', async () => {
  verifies('wallet.signup');
  const twins = await startTestNode({ keyService });
  try {
    const one = await twins.signIn();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        one.fetch('/api/signup', { method: 'POST', json: { email: `t${index}@example.com`, userId: 'twin' } }),
      ),
    );
    assert.deepEqual(
      [201, 409].map((status) => answers.filter((answer) => answer.status === status).length),
      [1, 19],
    );
    const closed = await fetch(new URL('/api/signup', twins.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"email":"x@y.zz","userId":"x"}',
    });
    assert.equal(closed.status, 403, 'closed unless the owner opens it');
  } finally {
    await twins.end();
  }
});

test('whose wallet it is says the session, never the URL', async () => {
  verifies('wallet.keys');
  verifies('wallet.sign');
  const keys = await expectJson(await call('/api/users/me/keys?userId=alice', { token: alice.token }));
  assert.deepEqual(keys, { address: alice.address, pubKeyHex: alice.pubKeyHex });
  assert.equal((await call('/api/users/me/keys?userId=bob', { token: alice.token })).status, 403);
  assert.equal((await call('/api/users/me/keys?userId=alice')).status, 401);
  for (const name of ['bob', bob.address, bob.id, '%00']) {
    const refused = await call(`/api/users/${encodeURIComponent(name)}/sign`, { json: { message: 'hello' }, token: alice.token });
    assert.equal(refused.status, 403, name);
  }
  assert.equal((await call('/api/users/alice/sign', { json: { message: 'hello' } })).status, 401);
  assert.equal((await call('/api/users/alice/sign', { json: { message: 'hello' }, token: owner.token })).status, 403, 'not even the owner');
  const own = await sign(alice, { message: 'hello dstack' }, 'alice');
  assert.deepEqual(Object.keys(own).sort(), ['signature', 'signature_chain']);
  assert.match(own.signature, /^0x[0-9a-f]{128}(1b|1c)$/);
  assert.equal(await recoverAddress({ hash: keccak256(toBytes('hello dstack')), signature: own.signature }), alice.address);
});

test('an account with a wallet of its own has one of the node’s besides, which differs from the user id of the same name', async () => {
  verifies('wallet.derive.distinct');
  const keys = await expectJson(await owner.fetch('/api/users/me/keys'));
  assert.notEqual(keys.address, owner.address);
  const impostor = await signUp('impostor@example.com', owner.address);
  assert.notEqual(impostor.address, keys.address);
  const refused = await call(`/api/users/${owner.address}/sign`, { json: { message: 'x' }, token: bob.token });
  assert.equal(refused.status, 403);
});

test('the schemes of wallets, checked by another library', async () => {
  verifies('wallet.sign.schemes');
  const message = 'Grüße, 世界';
  const personal = await sign(alice, { scheme: 'eip191', message });
  assert.equal(await recoverMessageAddress({ message, signature: personal.signature }), alice.address);
  const typedData = {
    domain: { name: 'Ether Mail', version: '1', chainId: 1, verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC' as const },
    types: {
      Person: [
        { name: 'name', type: 'string' },
        { name: 'wallets', type: 'address[]' },
      ],
      Mail: [
        { name: 'from', type: 'Person' },
        { name: 'amount', type: 'uint256' },
      ],
    },
    primaryType: 'Mail' as const,
    message: { from: { name: 'Cow', wallets: ['0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826'] }, amount: '123456789012345678901234567890' },
  };
  const typed = await sign(alice, { scheme: 'eip712', typedData });
  assert.equal(await recoverTypedDataAddress({ ...typedData, signature: typed.signature }), alice.address);
  const transaction = {
    chainId: 8453,
    nonce: 3,
    to: bob.address,
    value: '1000000000000000000',
    gas: '21000',
    maxFeePerGas: '30000000000',
    maxPriorityFeePerGas: '1',
  };
  const sent = await sign(alice, { scheme: 'transaction', transaction });
  assert.equal(await recoverTransactionAddress({ serializedTransaction: sent.signedTransaction }), alice.address);
  assert.equal(parseTransaction(sent.signedTransaction).value, 10n ** 18n);
  const userOperation = {
    sender: alice.address,
    nonce: '0',
    callData: '0x',
    callGasLimit: '1',
    verificationGasLimit: '1',
    preVerificationGas: '1',
    maxFeePerGas: '1',
    maxPriorityFeePerGas: '1',
  };
  const operation = { scheme: 'userOperation', userOperation, entryPoint: '0x0000000071727De22E5E9d8BAf0edAc6f37da032', chainId: 1 };
  const operated = await sign(alice, operation);
  const solana = await sign(alice, { scheme: 'solana', message });
  assert.match(solana.signature, /^0x[0-9a-f]{128}$/);

  const { keys } = await expectJson(await call('/api/wallet', { token: alice.token }));
  const [edwards] = keys.filter((key: { algorithm: string }) => key.algorithm === 'ed25519');
  const pubKeyHex = alice.pubKeyHex;
  const signed: object[] = [
    { scheme: 'eip191', message, pubKeyHex, signature: personal.signature },
    { scheme: 'eip712', typedData, pubKeyHex, signature: typed.signature },
    { scheme: 'transaction', transaction, pubKeyHex, signature: sent.signature },
    { ...operation, pubKeyHex, signature: operated.signature },
    { scheme: 'solana', message, pubKeyHex: edwards.publicKey, signature: solana.signature },
  ];
  for (const body of signed) {
    assert.deepEqual(await verify(body), { valid: true }, JSON.stringify(body));
    assert.deepEqual(await verify({ ...body, signature: personal.signature.replace(/..$/, '1d') }), { valid: false });
    assert.deepEqual(await verify({ ...body, pubKeyHex: bob.pubKeyHex }), { valid: false });
  }
});

test('what cannot be signed is refused in words: disguises, broken typed data, unknown schemes', async () => {
  verifies('wallet.validate');
  const refusals: [body: object, status: number][] = [
    [{ message: '\u0019Ethereum Signed Message:\n5hello' }, 422],
    [{ message: '\u0002rlp' }, 422],
    [
      { scheme: 'eip712', typedData: { domain: {}, types: { A: [{ name: 'x', type: 'nonsense' }] }, primaryType: 'A', message: { x: 1 } } },
      422,
    ],
    [{ scheme: 'eip712', typedData: { domain: {}, types: {}, primaryType: 'A', message: {} } }, 422],
    [{ scheme: 'other', message: 'x' }, 400],
    [{ scheme: 'transaction', transaction: { chainId: 1 } }, 400],
    [{ message: 'x', privateKey: '0x1' }, 400],
    [{ message: 'x', version: 7 }, 404],
    [{}, 400],
  ];
  for (const [body, status] of refusals) {
    const refused = await call('/api/users/me/sign', { json: body, token: alice.token });
    assert.equal(refused.status, status, `${JSON.stringify(body)}: ${await refused.text()}`);
  }
  for (const json of [{}, { pubKeyHex: 'zz', message: 'x', signature: '0x' }, { pubKeyHex: alice.pubKeyHex, message: 'x' }])
    assert.equal((await call('/api/verify', { json })).status, 400);
});

test('verification is true for the one combination, and follows the chain', async () => {
  verifies('wallet.verify');
  verifies('wallet.chain');
  const message = 'hello dstack';
  const { signature, signature_chain } = await sign(alice, { message });
  const right = { pubKeyHex: alice.pubKeyHex, message, signature };
  assert.deepEqual(await verify(right), { valid: true });
  const compressed = `0x0${(BigInt(`0x${alice.pubKeyHex.slice(-2)}`) & 1n) + 2n}${alice.pubKeyHex.slice(4, 68)}`;
  assert.deepEqual(await verify({ ...right, pubKeyHex: compressed }), { valid: true });
  assert.deepEqual(await verify({ ...right, pubKeyHex: alice.pubKeyHex.slice(2), signature: signature.slice(2) }), { valid: true });
  for (const wrong of [
    { message: 'hello dstacK' },
    { pubKeyHex: bob.pubKeyHex },
    { signature: signature.replace('0x', '0x0').slice(0, 132) },
    { signature: '0x' },
    { pubKeyHex: `0x04${'11'.repeat(64)}` },
  ])
    assert.deepEqual(await verify({ ...right, ...wrong }), { valid: false }, JSON.stringify(wrong));
  const { keys, service } = await expectJson(await call('/api/wallet', { token: alice.token }));
  const { purpose } = keys.find((key: { algorithm: string }) => key.algorithm === 'secp256k1');
  const chained = { ...right, purpose, signature_chain };
  const answer = await verify(chained);
  assert.equal(answer.valid, true);
  assert.deepEqual([answer.chain.trusted, answer.chain.root], [true, standInRoot]);
  assert.equal((await verify({ ...chained, purpose: purpose.replace('v1', 'v2') })).chain.trusted, false);
  assert.equal((await verify({ ...chained, signature_chain: [signature_chain[1], signature_chain[0]] })).chain.trusted, false);
  assert.equal(service.isTee, false);
  assert.match(service.product, /NOT A TEE/);
});

test('rotation makes other keys, and what the old ones signed stays valid', async () => {
  verifies('wallet.rotate');
  const dora = await signUp('dora@example.com', 'dora');
  const before = await sign(dora, { message: 'old' });
  const rotated = await expectJson(await call('/api/wallet/rotate', { method: 'POST', token: dora.token }));
  const [current, old] = rotated.keys.filter((key: { algorithm: string }) => key.algorithm === 'secp256k1');
  assert.deepEqual([current.version, old.version, old.publicKey], [2, 1, dora.pubKeyHex]);
  assert.notEqual(current.publicKey, old.publicKey);
  assert.deepEqual(await verify({ pubKeyHex: dora.pubKeyHex, message: 'old', signature: before.signature }), { valid: true });
  const now = await sign(dora, { message: 'new' });
  assert.deepEqual(await verify({ pubKeyHex: current.publicKey, message: 'new', signature: now.signature }), { valid: true });
  const asBefore = await sign(dora, { message: 'new', version: 1 });
  assert.deepEqual(await verify({ pubKeyHex: dora.pubKeyHex, message: 'new', signature: asBefore.signature }), { valid: true });
});

test('the owner lists who signed up, by pages, by search, and as CSV; nobody else does', async () => {
  verifies('wallet.admin.list');
  await signUp('eve@example.com', '=cmd|calc');
  const all = await expectJson(await owner.fetch('/api/admin/users'));
  assert.deepEqual(Object.keys(all.users[0]).sort(), ['address', 'createdAt', 'email', 'id', 'pubKeyHex', 'userId']);
  assert.equal(all.users[0].userId, 'alice');
  assert.ok(all.users[0].createdAt.endsWith('Z'));
  const walked: string[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: { users: { userId: string }[]; next: number | null } = await expectJson(
      await owner.fetch(`/api/admin/users?limit=2&after=${after}`),
    );
    walked.push(...page.users.map(({ userId }) => userId));
    after = page.next;
  }
  assert.deepEqual(
    walked,
    all.users.map(({ userId }: { userId: string }) => userId),
  );
  assert.deepEqual(
    (await expectJson(await owner.fetch('/api/admin/users?search=BOB@'))).users.map(({ email }: { email: string }) => email),
    ['bob@example.com'],
  );
  assert.deepEqual((await expectJson(await owner.fetch('/api/admin/users?search=%25'))).users, []);
  const csv = await (await owner.fetch('/api/admin/users?format=csv')).text();
  assert.match(csv, /^id,email,userId,pubKeyHex,address,createdAt\r\n/);
  assert.match(csv, /,'=cmd\|calc,/, 'no formula for a spreadsheet');
  assert.equal((await call('/api/admin/users', { token: alice.token })).status, 403);
  assert.equal((await call('/api/admin/users')).status, 401);
});

test('health looks at the key service; info and metrics have the seed’s names', async () => {
  verifies('wallet.health');
  verifies('wallet.info');
  verifies('wallet.metrics');
  const health = await expectJson(await call('/api/health'));
  assert.equal(health.checks['key-service'].ok, true);
  assert.match((await expectJson(await call('/api/info'))).cloud_product, /NOT A TEE/);
  const metrics = await (await call('/metrics')).text();
  for (const name of [
    'dstack_getKey_latency_ms_count',
    'sign_latency_ms_count',
    'verify_latency_ms_count',
    'signup_total',
    'sign_total',
    'verify_total',
    'http_request_duration_ms_count',
  ])
    assert.match(metrics, new RegExp(`^${name}(\\{[^}]*\\})? [1-9]`, 'm'), name);
  const lines = node.log.map((line) => JSON.parse(line));
  for (const event of ['signup', 'sign', 'verify', 'admin_list']) {
    const line = lines.find((each) => each.event === event) ?? assert.fail(event);
    assert.ok(typeof line.latency_ms === 'number' && typeof line.request_id === 'string' && ['ok', 'error'].includes(line.result), event);
  }
  assert.ok(lines.some((line) => line.event === 'signup' && line.error_code === 'user_exists'));
});

test('attestation is told to anybody, with a quote over what they ask', async () => {
  verifies('wallet.info');
  const { service } = await expectJson(await call('/api/attestation'));
  assert.deepEqual(service.trustedRoots, [standInRoot]);
  const { quote } = await expectJson(await call(`/api/attestation?reportData=${'ab'.repeat(64)}`));
  assert.equal(quote.report_data, 'ab'.repeat(64));
  assert.equal((await call(`/api/attestation?reportData=${'ab'.repeat(65)}`)).status, 400);
});

test('signing and verifying are limited by the minute, each account by itself', async () => {
  verifies('wallet.ratelimit');
  const frank = await signUp('frank@example.com', 'frank');
  const answers = await Promise.all(
    Array.from({ length: 125 }, () => call('/api/users/me/sign', { json: { message: 'x' }, token: frank.token })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(refused.length, 5);
  assert.ok(Number(refused[0]?.headers.get('retry-after')) >= 1);
  assert.equal((await call('/api/users/me/sign', { json: { message: 'x' }, token: bob.token })).status, 200);
});

test('no key is on the disk or in the log, in any form', async () => {
  verifies('wallet.nonpersistence');
  const { service } = await expectJson(await call('/api/attestation'));
  const { keys } = await expectJson(await call('/api/wallet', { token: alice.token }));
  const issuer = issue(standInSecret, Buffer.from(service.appId.slice(2), 'hex'));
  const forms = [
    ...keys.map(({ purpose }: { purpose: string }) => derive(issuer.key, purpose)),
    derive(issuer.key, 'freehold/node/v1/secp256k1'),
    issuer.key,
  ].flatMap(formsOf);
  const files = readdirSync(node.dataDirectory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(node.dataDirectory, name))
    .filter((path) => statSync(path).isFile());
  assert.ok(
    files.some((path) => readFileSync(path).includes(Buffer.from(alice.pubKeyHex))),
    'the search can find: the public key is there',
  );
  for (const path of files) {
    const content = readFileSync(path);
    assert.ok(
      forms.every((form) => !content.includes(form)),
      path,
    );
  }
  assert.ok(forms.every((form) => !Buffer.from(node.log.join('')).includes(form)));
});

test('production refuses the stand-in, and a node without a key service says so', async () => {
  verifies('wallet.health');
  assert.throws(() => readConfig({ environment: { FREEHOLD_DSTACK: 'stand-in', NODE_ENV: 'production', FREEHOLD_DATA: '/tmp/x' } }), {
    code: 'config_invalid',
    message: /NOT A TEE/,
  });
  assert.throws(() => readConfig({ environment: { FREEHOLD_DSTACK: '/a', FREEHOLD_KEEPER: '/b' } }), { code: 'config_invalid' });
  assert.throws(() => readConfig({ environment: { FREEHOLD_DSTACK: '/a', FREEHOLD_KMS_ROOTS: 'zz' } }), { code: 'config_invalid' });
  await assert.rejects(startTestNode({ keyService: { at: { servicePath: '/nonexistent/dstack.sock' }, trustedRoots: [] } }), {
    code: 'keeper_failed',
    message: /ENOENT/,
  });
  const plain = await startTestNode();
  try {
    const person = await plain.signIn();
    const refused = await person.fetch('/api/users/me/keys');
    assert.equal(refused.status, 404);
    assert.match((await errorOf(refused)).message, /FREEHOLD_DSTACK/);
    assert.equal((await fetch(new URL('/api/info', plain.url))).status, 404, 'only with EXPOSE_INFO=true');
  } finally {
    await plain.end();
  }
});

test('who signs up is confirmed by a passkey, and signs in with it', async () => {
  verifies('identity.sign-up.confirmed');
  const grace = await signUp('grace@example.com', 'grace');
  const current = async () => (await expectJson(await call('/api/auth/session', { token: grace.token }))).account;
  const { createdAt, expiresAt } = await current();
  assert.equal(expiresAt - createdAt, 60 * 60_000);
  const origin = new URL(node.url).origin;
  const device = makeAuthenticator();
  const { challenge, user } = await expectJson(await call('/api/passkeys/options', { method: 'POST', token: grace.token }));
  assert.equal(user.name, 'grace');
  const added = await call('/api/passkeys', {
    json: { label: 'Laptop', passkey: device.register({ challenge, origin }) },
    token: grace.token,
  });
  assert.equal(added.status, 201, await added.text());
  assert.equal((await current()).expiresAt, null);
  const asked = await expectJson(await call('/api/auth/passkey/options', { method: 'POST' }));
  const login = await expectJson(
    await call('/api/auth/passkey', { json: { passkey: device.answer({ challenge: asked.challenge, origin }), transport: 'bearer' } }),
  );
  assert.equal(login.account.address, grace.address);
  assert.match(login.token, /^fs_/);
});

test('the user id of somebody who was removed is nobody else’s: the wallet would go with it', async () => {
  verifies('wallet.signup');
  const byOwner = (json: object) => owner.fetch('/api/signup', { method: 'POST', json });
  const heidi = await expectJson(await byOwner({ email: 'heidi@example.com', userId: 'heidi' }));
  assert.equal((await owner.fetch(`/api/accounts/${heidi.address}`, { method: 'DELETE' })).status, 204);
  for (const json of [
    { email: 'mallory@example.com', userId: 'heidi' },
    { email: 'heidi@example.com', userId: 'heidi' },
  ])
    assert.equal((await byOwner(json)).status, 409);
});
