import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { sql } from '@freehold/database';
import { toHex } from '@freehold/protocol';
import { parseSiweMessage } from 'viem/siwe';
import { setTimeout as delay } from 'node:timers/promises';
import { verifies } from '../../../requirements/verifies.ts';
import { onPostgres } from '../../database/src/testing/open-test-database.ts';
import { ip, origin, startIdentity } from './testing/node.ts';
import { makeWallet, malleate } from './testing/wallet.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const userAgent = 'Test/1.0';

async function start(context: TestContext, options?: Parameters<typeof startIdentity>[0]) {
  const node = await startIdentity(options);
  context.after(() => node.stop());
  return node;
}

async function startClaimed(context: TestContext) {
  const owner = makeWallet();
  return { owner, ...(await start(context, { owner: owner.address })) };
}

test('the challenge is EIP-4361 to the letter, as another implementation reads it', async (context) => {
  verifies('foundation.identity.challenge');
  const { identity, clock } = await start(context);
  const wallet = makeWallet();
  const { message, nonce, expiresAt } = await identity.challenge({ address: wallet.address, chainId: 8453, origin, ip });
  assert.equal(
    message,
    [
      'localhost:4200 wants you to sign in with your Ethereum account:',
      wallet.address,
      '',
      'Sign in to this Freehold node. This costs nothing and moves no funds.',
      '',
      'URI: http://localhost:4200',
      'Version: 1',
      'Chain ID: 8453',
      `Nonce: ${nonce}`,
      'Issued At: 2026-11-20T00:00:00.000Z',
      'Expiration Time: 2026-11-20T00:05:00.000Z',
    ].join('\n'),
  );
  assert.match(nonce, /^[0-9a-z]{32}$/);
  assert.equal(expiresAt, clock.now + 5 * minute);
  const parsed = parseSiweMessage(message);
  assert.equal(parsed.address, wallet.address);
  assert.equal(parsed.domain, 'localhost:4200');
  assert.equal(parsed.nonce, nonce);
  assert.equal(parsed.uri, origin);
  assert.match((await identity.challenge({ address: wallet.address, origin, ip })).message, /^Chain ID: 1$/m);
  await assert.rejects(identity.challenge({ address: wallet.address, origin: 'http://evil.example', ip }), {
    code: 'origin_unknown',
    status: 403,
  });
});

test('every false sign-in is refused', async (context) => {
  verifies('foundation.identity.challenge');
  const { identity, owner, clock } = await startClaimed(context);
  const stranger = makeWallet();
  const begin = () => identity.challenge({ address: owner.address, origin, ip });
  const login = (nonce: string, signature: `0x${string}`, at = origin) => identity.login({ nonce, signature, origin: at, userAgent, ip });
  const badSignature = { code: 'bad_signature', status: 401 };
  const unknown = { code: 'challenge_unknown', status: 401 };

  const [one, two] = [await begin(), await begin()];
  await assert.rejects(login(one.nonce, stranger.sign(one.message)), badSignature, 'by another wallet');
  await assert.rejects(login(one.nonce, owner.sign(one.message)), unknown, 'a wrong signature has spent the challenge');
  await assert.rejects(login(two.nonce, owner.sign(one.message)), badSignature, 'over another challenge');

  const altered = [
    (text: string) => text.replace('localhost:4200', 'localhost:4201'),
    (text: string) => text.replace('URI: http:', 'URI: https:'),
    (text: string) => text.replace('Chain ID: 1', 'Chain ID: 2'),
    (text: string) => text.replace('Version: 1', 'Version: 2'),
    (text: string) => text.replace('T00:05', 'T23:05'),
    (text: string) => text.replace('no funds', 'all funds'),
    (text: string) => text.replace(owner.address, owner.address.toLowerCase()),
    (text: string) => `${text}\n`,
    (text: string) => `${text} `,
    (text: string) => text.replaceAll('\n', '\r\n'),
    (text: string) => `${text}\nResources:\n- ipfs://x`,
  ];
  for (const alter of altered) {
    const { nonce, message } = await begin();
    assert.notEqual(alter(message), message);
    await assert.rejects(login(nonce, owner.sign(alter(message))), badSignature, 'over an altered text');
  }

  const twin = await begin();
  await assert.rejects(login(twin.nonce, malleate(owner.sign(twin.message))), badSignature, 'the malleable twin');
  for (const garbage of [toHex(new Uint8Array(65)), toHex(new Uint8Array(65).fill(255)), toHex(randomBytes(65)), '0x', '0x00'] as const) {
    const { nonce } = await begin();
    await assert.rejects(login(nonce, garbage), badSignature, garbage);
  }
  const other = await begin();
  await assert.rejects(login(other.nonce, owner.sign(other.message), 'http://192.168.1.5:4200'), unknown, 'at another origin of the node');
  for (const nonce of ['', 'f'.repeat(32), "' OR 1=1 --", other.nonce.toUpperCase()]) {
    await assert.rejects(login(nonce, owner.sign(other.message)), unknown, 'a nonce that was never given');
  }
  const late = await begin();
  clock.now += 5 * minute;
  await assert.rejects(login(late.nonce, owner.sign(late.message)), unknown, 'after five minutes');

  const good = await begin();
  clock.now += 5 * minute - 1;
  const signature = owner.sign(good.message);
  const { account, claimed } = await login(good.nonce, signature);
  assert.deepEqual([account.address, account.role, claimed], [owner.address, 'owner', false]);
  await assert.rejects(login(good.nonce, signature), unknown, 'a second time');
});

test('of 200 parallel sign-ins with one challenge exactly one succeeds', async (context) => {
  verifies('foundation.identity.challenge');
  const { identity, owner } = await startClaimed(context);
  const { nonce, message } = await identity.challenge({ address: owner.address, origin, ip });
  const signature = owner.sign(message);
  const results = await Promise.allSettled(Array.from({ length: 200 }, () => identity.login({ nonce, signature, origin, userAgent, ip })));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok(results.every((result) => result.status === 'fulfilled' || result.reason.code === 'challenge_unknown'));
  assert.equal((await identity.sessions({ address: owner.address })).length, 1);
});

test('challenges cannot fill the database: bounded by network, and expired ones go', async (context) => {
  const { identity, clock, database } = await start(context);
  const { address } = makeWallet();
  const begin = (from: string) => identity.challenge({ address, origin, ip: from });
  for (let count = 0; count < 100; count++) await begin(`203.0.113.${count}`);
  await assert.rejects(begin('203.0.113.200'), { code: 'too_many_attempts', status: 429 });
  await assert.rejects(begin('::ffff:203.0.113.200'), { code: 'too_many_attempts' });
  await begin('203.0.114.1');
  await begin('2001:db8:1::5');
  clock.now += 5 * minute;
  await begin('203.0.113.200');
  assert.deepEqual({ ...(await database.read.get(sql`SELECT count(*) AS count FROM challenge`)) }, { count: 1 });
});

test('from the machine itself the first wallet claims the node; of 200 at once exactly one', async (context) => {
  verifies('foundation.identity.claim');
  const { identity, signIn } = await start(context);
  assert.equal(identity.isClaimed(), false);
  const wallets = Array.from({ length: 200 }, makeWallet);
  const attempts = await Promise.all(
    wallets.map(async (wallet, index) => {
      const { nonce, message } = await identity.challenge({ address: wallet.address, origin, ip: `10.0.${index}.1` });
      return { nonce, signature: wallet.sign(message), origin, claimProof: 'loopback' as const, userAgent, ip };
    }),
  );
  const results = await Promise.allSettled(attempts.map((attempt) => identity.login(attempt)));
  const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(winners.length, 1);
  assert.equal(winners[0]?.claimed, true);
  assert.ok(results.every((result) => result.status === 'fulfilled' || result.reason.code === 'not_allowed'));
  const accounts = await identity.accounts();
  assert.deepEqual(
    accounts.map(({ role }) => role),
    ['owner'],
  );
  assert.equal(identity.isClaimed(), true);
  assert.equal(identity.claimCode(), undefined);
  await assert.rejects(signIn(makeWallet(), 'loopback'), { code: 'not_allowed', status: 403 });
});

test('from elsewhere the claim needs the code; a wrong one may be corrected without signing again', async (context) => {
  verifies('foundation.identity.claim');
  const { identity, codes, events, signIn, atRest } = await start(context);
  const wallet = makeWallet();
  const code = identity.claimCode() ?? assert.fail();
  assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.deepEqual(codes, [code]);
  await assert.rejects(signIn(wallet), { code: 'claim_code_required', status: 403 });

  const { nonce, message } = await identity.challenge({ address: wallet.address, origin, ip });
  const attempt = { nonce, signature: wallet.sign(message), origin, userAgent, ip };
  await assert.rejects(identity.login({ ...attempt, claimProof: { code: '0000-0000' } }), { code: 'claim_code_wrong', status: 403 });
  const { claimed, account } = await identity.login({ ...attempt, claimProof: { code: ` ${code.toLowerCase().replace('-', ' ')} ` } });
  assert.deepEqual([claimed, account.address, account.role], [true, wallet.address, 'owner']);
  assert.ok(!atRest().includes(code) && !events.join().includes(code));
});

test('ten wrong codes replace the code', async (context) => {
  verifies('foundation.identity.claim');
  const { codes, signIn } = await start(context);
  const wallet = makeWallet();
  for (let wrong = 1; wrong < 10; wrong++) await assert.rejects(signIn(wallet, { code: 'wrong' }), { code: 'claim_code_wrong' });
  await assert.rejects(signIn(wallet, { code: 'wrong' }), { code: 'too_many_attempts', status: 429 });
  const [first = '', second = ''] = codes;
  assert.equal(codes.length, 2);
  assert.notEqual(first, second);
  await assert.rejects(signIn(wallet, { code: first }), { code: 'claim_code_wrong' });
  assert.equal((await signIn(wallet, { code: second })).claimed, true);
});

test('a preset owner has the node from the start, also after a restart; another one is a mistake that is named', async (context) => {
  verifies('foundation.identity.claim');
  const owner = makeWallet();
  const first = await startIdentity({ owner: owner.address });
  assert.equal(first.identity.isClaimed(), true);
  assert.deepEqual(first.codes, []);
  await assert.rejects(first.signIn(makeWallet(), 'loopback'), { code: 'not_allowed' });
  const { token, claimed } = await first.signIn(owner);
  assert.equal(claimed, false);
  await first.stop({ keep: true });

  await assert.rejects(startIdentity({ owner: makeWallet().address, directory: first.folder }), { code: 'owner_differs' });
  const second = await start(context, { directory: first.folder });
  assert.equal(second.identity.isClaimed(), true);
  assert.equal((await second.identity.authenticate(token))?.account.address, owner.address);
});

const inFile = process.env[onPostgres] === '1' && 'it looks into the SQLite file';

test('a token is 256 random bits, and the disk has only its hash', { skip: inFile }, async (context) => {
  verifies('foundation.identity.sessions');
  const { owner, signIn, atRest, events } = await startClaimed(context);
  const { token, session } = await signIn(owner);
  assert.match(token, /^fs_[A-Za-z0-9_-]{43}$/);
  const raw = Buffer.from(token.slice(3), 'base64url');
  assert.equal(raw.length, 32);
  const disk = atRest();
  assert.ok(disk.includes(session.id), 'the search does find what is there');
  for (const form of [token, token.slice(3), raw.toString('latin1'), raw.toString('hex')]) assert.ok(!disk.includes(form));
  assert.ok(!events.join().includes(token.slice(3)));
});

test('only the exact token opens the session', async (context) => {
  verifies('foundation.identity.sessions');
  const { identity, owner, signIn } = await startClaimed(context);
  const { token, session } = await signIn(owner);
  const known = await identity.authenticate(token);
  assert.deepEqual([known?.account.address, known?.session?.id], [owner.address, session.id]);
  const last = token.at(-1) === 'A' ? 'B' : 'A';
  const twins = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const sameBits = Array.from(twins, (letter) => token.slice(0, -1) + letter).filter((text) => text !== token);
  for (const forged of [
    '',
    'fs_',
    token.slice(3),
    ` ${token}`,
    `${token} `,
    `${token}=`,
    token.toUpperCase(),
    token.slice(0, -1) + last,
    `ns_${token.slice(3)}`,
    ...sameBits,
  ]) {
    assert.equal(await identity.authenticate(forged), undefined, forged);
  }
});

test('sessions are listed, ended one by one or all the others; each sees only its own', async (context) => {
  verifies('foundation.identity.sessions');
  const { identity, owner, signIn, clock } = await startClaimed(context);
  const member = makeWallet();
  await identity.allow({ address: member.address, role: 'member' });
  const logins = [];
  for (let count = 0; count < 4; count++) {
    clock.now += 1;
    logins.push(await signIn(owner));
  }
  const foreign = await signIn(member);
  const [a, b, c, d] = logins;
  assert.ok(a && b && c && d);
  const listed = await identity.sessions({ address: owner.address, current: d.session.id });
  assert.deepEqual(
    listed.map(({ id, current }) => [id, current]),
    [d, c, b, a].map(({ session }) => [session.id, session === d.session]),
  );
  assert.deepEqual([listed[0]?.userAgent, listed[0]?.network], ['Test/1.0', '203.0.113.0/24']);

  await assert.rejects(identity.revoke({ address: member.address, id: a.session.id }), { code: 'session_unknown', status: 404 });
  await identity.revoke({ address: owner.address, id: a.session.id });
  assert.equal(await identity.authenticate(a.token), undefined);
  assert.ok(await identity.authenticate(b.token));
  assert.equal(await identity.revokeOthers({ address: owner.address, current: d.session.id }), 2);
  assert.deepEqual(await Promise.all([b, c].map(({ token }) => identity.authenticate(token))), [undefined, undefined]);
  assert.ok(await identity.authenticate(d.token));
  assert.ok(await identity.authenticate(foreign.token));
  await identity.revoke({ address: owner.address, id: d.session.id });
  assert.equal(await identity.authenticate(d.token), undefined);
});

test('a session lasts 7 days without use and 30 days in any case; use is noted once a minute', async (context) => {
  verifies('foundation.identity.sessions');
  const { identity, owner, signIn, clock } = await startClaimed(context);
  const { token, session } = await signIn(owner);
  const begun = clock.now;
  assert.equal(session.expiresAt, begun + 7 * day);
  const state = async () => (await identity.sessions({ address: owner.address }))[0];
  /** The note of use is written behind the answer. */
  const use = async () => {
    const due = clock.now - ((await state())?.lastUsedAt ?? 0) >= minute;
    const known = await identity.authenticate(token);
    if (!due || !known) return known;
    for (let turn = 0; turn < 500 && (await state())?.lastUsedAt !== clock.now; turn++) await delay(5);
    return known;
  };
  clock.now += minute - 1;
  assert.ok(await use());
  assert.equal((await state())?.lastUsedAt, begun);
  clock.now += 1;
  assert.ok(await use());
  assert.deepEqual([(await state())?.lastUsedAt, (await state())?.expiresAt], [clock.now, clock.now + 7 * day]);
  for (let week = 0; week < 4; week++) {
    clock.now += 7 * day - 1;
    assert.ok(await use());
  }
  assert.equal((await state())?.expiresAt, begun + 30 * day);
  clock.now = begun + 30 * day;
  assert.equal(await use(), undefined);
  const idle = await signIn(owner);
  clock.now += 7 * day;
  assert.equal(await identity.authenticate(idle.token), undefined);
});

test('a wallet keeps its 100 latest sessions', async (context) => {
  const { identity, owner, signIn, clock } = await startClaimed(context);
  const first = await signIn(owner);
  for (let count = 0; count < 100; count++) {
    clock.now += 1;
    await signIn(owner);
  }
  assert.equal((await identity.sessions({ address: owner.address })).length, 100);
  assert.equal(await identity.authenticate(first.token), undefined);
});

test('only the owner and the wallets let in may sign in; expiry and removal take effect at once', async (context) => {
  verifies('foundation.identity.allowlist');
  const { identity, owner, signIn, clock } = await startClaimed(context);
  const guest = makeWallet();
  const member = makeWallet();
  await assert.rejects(signIn(guest), { code: 'not_allowed', status: 403 });
  const invited = await identity.allow({ address: guest.address, role: 'guest', expiresAt: clock.now + day });
  assert.deepEqual(invited, { address: guest.address, role: 'guest', createdAt: clock.now, expiresAt: clock.now + day });
  await identity.allow({ address: member.address, role: 'member' });
  assert.deepEqual((await identity.accounts()).map(({ role }) => role).sort(), ['guest', 'member', 'owner']);
  const ofGuest = await signIn(guest);
  const ofMember = await signIn(member);
  assert.equal(ofGuest.account.role, 'guest');
  assert.equal((await identity.authenticate(ofMember.token))?.account.role, 'member');

  clock.now += day;
  assert.equal(await identity.authenticate(ofGuest.token), undefined);
  await assert.rejects(signIn(guest), { code: 'not_allowed' });
  await identity.allow({ address: guest.address, role: 'member' });
  assert.equal((await identity.authenticate(ofGuest.token))?.account.role, 'member', 'let in again, with the role of now');

  await identity.remove({ address: member.address });
  assert.equal(await identity.authenticate(ofMember.token), undefined);
  await assert.rejects(signIn(member), { code: 'not_allowed' });
  await identity.allow({ address: member.address, role: 'member' });
  assert.equal(await identity.authenticate(ofMember.token), undefined, 'a new invitation does not bring old sessions back');

  await assert.rejects(identity.remove({ address: owner.address }), { code: 'owner_protected', status: 409 });
  await assert.rejects(identity.allow({ address: owner.address, role: 'guest' }), { code: 'owner_protected' });
  await assert.rejects(identity.remove({ address: makeWallet().address }), { code: 'account_unknown', status: 404 });
  for (const expiresAt of [clock.now, 0, -1, 1.5, Number.NaN, Infinity]) {
    await assert.rejects(identity.allow({ address: guest.address, role: 'guest', expiresAt }), { code: 'bad_expiry', status: 422 });
  }
});

test('the addresses that signed receipts are remembered, current first', async (context) => {
  const { identity, clock } = await start(context);
  const [first, second] = [makeWallet().address, makeWallet().address];
  const began = clock.now;
  await identity.recordSigner(first);
  clock.now += day;
  await identity.recordSigner(second);
  await identity.recordSigner(second);
  assert.deepEqual(await identity.signers(), [
    { address: second, since: began + day },
    { address: first, since: began, until: began + day },
  ]);
});
