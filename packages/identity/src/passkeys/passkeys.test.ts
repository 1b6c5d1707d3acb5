import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { toAddress } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { makeAuthenticator } from '../testing/authenticator.ts';
import { ip, origin, startIdentity } from '../testing/node.ts';
import { makeWallet } from '../testing/wallet.ts';

const from = { origin, ip, userAgent: 'Test/1.0' };

async function start(context: TestContext) {
  const wallet = makeWallet();
  const node = await startIdentity({ owner: wallet.address });
  context.after(() => node.stop());
  const { account } = await node.signIn(wallet);
  const { identity } = node;
  const authenticator = makeAuthenticator();
  const options = () => identity.passkeyOptions({ account, name: 'me', ...from });
  const add = async (device = authenticator, label = 'Phone') => {
    const { challenge } = await options();
    return identity.addPasskey({ account, response: device.register({ challenge, origin }), label, from });
  };
  const login = async (changes: Partial<Parameters<typeof authenticator.answer>[0]> = {}, device = authenticator) => {
    const { challenge } = await identity.passkeyChallenge(from);
    return identity.loginWithPasskey({ response: device.answer({ challenge, origin, ...changes }), from });
  };
  return { ...node, wallet, account, authenticator, options, add, login };
}

test('a passkey is added, signs in without a wallet, is listed and removed', async (context) => {
  verifies('identity.passkeys');
  const { identity, account, add, login, authenticator } = await start(context);
  const made = await add();
  assert.deepEqual([made.id, made.label, made.lastUsedAt], [authenticator.id, 'Phone', null]);
  const { token, account: same } = await login();
  assert.equal(same.address, account.address);
  assert.ok(await identity.authenticate(token));
  const { events } = await identity.securityEvents({ address: account.address });
  assert.deepEqual(
    events.map(({ kind, detail }) => `${kind} ${detail}`),
    ['signed_in passkey Phone', 'passkey_added Phone', 'signed_in wallet'],
  );
  const stranger = toAddress(`0x${'11'.repeat(20)}`);
  await assert.rejects(identity.removePasskey({ address: stranger, id: made.id, from }), { code: 'token_unknown' });
  await identity.removePasskey({ address: account.address, id: made.id, from });
  assert.deepEqual(await identity.passkeys({ address: account.address }), []);
  await assert.rejects(login(), { code: 'bad_signature' });
});

test('an answer counts once, here, by the device itself, with its person verified', async (context) => {
  verifies('identity.passkeys');
  const { identity, add, login, authenticator } = await start(context);
  await add();
  const refused: [string, Parameters<typeof login>[0]][] = [
    ['another origin', { origin: 'http://evil.example' }],
    ['the name of another site', { rp: 'evil.example' }],
    ['nobody there', { flags: 0 }],
    ['somebody there, and not verified', { flags: 1 }],
    ['an answer of another kind', { type: 'webauthn.create' }],
    ['a challenge of nobody', { challenge: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ];
  for (const [name, changes] of refused)
    await assert.rejects(
      login(changes),
      (error: Error & { code?: string }) => /bad_signature|challenge_unknown/.test(error.code ?? ''),
      name,
    );
  const { challenge } = await identity.passkeyChallenge(from);
  const impostor = makeAuthenticator();
  const forged = { ...impostor.answer({ challenge, origin }), id: authenticator.id, rawId: authenticator.id };
  await assert.rejects(identity.loginWithPasskey({ response: forged, from }), { code: 'bad_signature' });
  const next = await identity.passkeyChallenge(from);
  const response = authenticator.answer({ challenge: next.challenge, origin });
  const ended = await Promise.allSettled(Array.from({ length: 50 }, () => identity.loginWithPasskey({ response, from })));
  assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 1);
  authenticator.setCounter(0);
  await assert.rejects(login(), { code: 'bad_signature' }, 'a count that went back: the device was copied');
});

test('a challenge serves what it was made for, and its own account', async (context) => {
  verifies('identity.passkeys');
  const { identity, wallet, account, options, authenticator } = await start(context);
  const other = makeWallet();
  await identity.allow({ address: other.address, role: 'member' });
  const { challenge } = await options();
  const stranger = { ...account, address: other.address };
  await assert.rejects(
    identity.addPasskey({ account: stranger, response: authenticator.register({ challenge, origin }), label: '', from }),
    { code: 'challenge_unknown' },
  );
  await assert.rejects(
    identity.addPasskey({ account, response: authenticator.register({ challenge, origin }), label: '', from }),
    { code: 'challenge_unknown' },
    'it is spent',
  );
  const again = await options();
  await assert.rejects(identity.loginWithPasskey({ response: authenticator.answer({ challenge: again.challenge, origin }), from }), {
    code: 'challenge_unknown',
  });
  await assert.rejects(identity.login({ nonce: again.challenge, signature: wallet.sign('passkey: add'), origin, userAgent: '', ip }), {
    code: 'challenge_unknown',
  });
  const good = authenticator.register({ challenge: again.challenge, origin });
  await assert.rejects(
    identity.addPasskey({ account, response: { ...good, response: { ...good.response, attestationObject: 'oA' } }, label: '', from }),
    { code: 'bad_signature' },
  );
  for (const strange of ['http://192.168.1.5:4200', 'http://evil.example'])
    await assert.rejects(identity.passkeyChallenge({ ...from, origin: strange }), (error: Error & { code?: string }) =>
      /passkey_unavailable|origin_unknown/.test(error.code ?? ''),
    );
});
