import assert from 'node:assert/strict';
import { generateKeyPairSync, sign as signBytes, type KeyObject } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { solanaAddress, toHex, type Address, type Hex, type SolanaWallet } from '@freehold/protocol';
import { createSiweMessage, parseSiweMessage } from 'viem/siwe';
import { verifies } from '../../../../requirements/verifies.ts';
import { recoverAddress } from '../recover.ts';
import { ip, origin, startIdentity } from '../testing/node.ts';
import { makeWallet, malleate } from '../testing/wallet.ts';
import { readSignInMessage } from './message.ts';

/** A kind of account with the means to sign for it. */
type Signer = { kind: 'Ethereum' | 'Solana'; wallet: Address | SolanaWallet; written: string; sign: (message: string) => Hex };

const magic6492 = '6492649264926492649264926492649264926492649264926492649264926492';
const contracts = new Map<string, Address>();

function keyHolder(): Signer {
  const wallet = makeWallet();
  return { kind: 'Ethereum', wallet: wallet.address, written: wallet.address, sign: wallet.sign };
}
/** An account that a contract is: its key is another's, and the signature may be as long as the contract likes. */
function contractAccount({ isDeployed }: { isDeployed: boolean }): Signer {
  const [account, key] = [makeWallet().address, makeWallet()];
  contracts.set(account, key.address);
  return {
    kind: 'Ethereum',
    wallet: account,
    written: account,
    sign: (message) => (isDeployed ? key.sign(message) : `0x${'00'.repeat(96)}${key.sign(message).slice(2)}${magic6492}`),
  };
}
function solanaHolder(): Signer {
  const { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ed25519');
  const written = solanaAddress(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  return {
    kind: 'Solana',
    wallet: `solana:${written}`,
    written,
    sign: (message) => toHex(signBytes(null, Buffer.from(message), privateKey)),
  };
}
/** What the contracts of this test answer, and what those that are not there yet would. */
const askContract = async ({ address, digest, signature }: { address: Address; digest: Hex; signature: Hex }) => {
  const inner: Hex = signature.endsWith(magic6492) ? `0x${signature.slice(2 + 192, -64)}` : signature;
  return contracts.get(address) !== undefined && recoverAddress(Buffer.from(digest.slice(2), 'hex'), inner) === contracts.get(address);
};

async function start(context: TestContext) {
  const owner = makeWallet();
  const node = await startIdentity({ owner: owner.address, askContract });
  context.after(() => node.stop());
  const signers: Record<string, Signer> = {
    'a key': keyHolder(),
    'a contract': contractAccount({ isDeployed: true }),
    'a contract that is not deployed': contractAccount({ isDeployed: false }),
    'a Solana key': solanaHolder(),
  };
  for (const { wallet } of Object.values(signers)) await node.identity.allow({ address: wallet, role: 'member' });
  let network = 0;
  /** Each from a network of its own, so that no limit answers in the place of the grammar. */
  const nextIp = () => `10.${(network >> 8) & 255}.${network++ & 255}.1`;
  async function attempt(message: (nonce: string) => string, sign: (text: string) => Hex): Promise<string> {
    const from = nextIp();
    const { nonce } = await node.identity.signInNonce({ origin, ip: from });
    const text = message(nonce);
    try {
      await node.identity.login({ message: text, signature: sign(text), origin, userAgent: 'Test/1.0', ip: from });
      return 'in';
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error, String(error));
      return String(error.code);
    }
  }
  return { ...node, signers, attempt };
}

type Parts = Record<
  'domain' | 'scheme' | 'address' | 'statement' | 'uri' | 'version' | 'chain' | 'nonce' | 'issuedAt' | 'rest' | 'end',
  string
>;
const iso = (at: number) => new Date(at).toISOString();

/** The message by the grammar, each part of it replaceable. */
function compose({ kind, written }: Signer, now: number, nonce: string, changes: Partial<Parts> = {}): string {
  const part = {
    scheme: '',
    domain: 'localhost:4200',
    address: written,
    statement: 'Sign in, please.\n',
    uri: origin,
    version: '1',
    chain: kind === 'Solana' ? 'mainnet' : '1',
    nonce,
    issuedAt: iso(now),
    rest: '',
    end: '',
    ...changes,
  };
  return `${part.scheme}${part.domain} wants you to sign in with your ${kind} account:\n${part.address}\n\n${part.statement}\nURI: ${part.uri}\nVersion: ${part.version}\nChain ID: ${part.chain}\nNonce: ${part.nonce}\nIssued At: ${part.issuedAt}${part.rest}${part.end}`;
}

const minute = 60_000;
/** What to change, and whether it is a sign-in all the same. The wrong ones are what other readers let pass, or could. */
const variants: [name: string, changes: (now: number, signer: Signer) => Partial<Parts>, isIn: boolean][] = [
  ['as it is', () => ({}), true],
  ['no statement', () => ({ statement: '' }), true],
  ['the scheme of the origin', () => ({ scheme: 'http://' }), true],
  [
    'with an expiry, a beginning, a request and resources',
    (now) => ({
      rest: `\nExpiration Time: ${iso(now + minute)}\nNot Before: ${iso(now)}\nRequest ID: a%20b\nResources:\n- ipfs://bafy\n- https://example.com/a?b#c`,
    }),
    true,
  ],
  ['no resources under their heading', () => ({ rest: '\nResources:' }), true],
  ['a time with an offset', (now) => ({ issuedAt: iso(now + 60 * minute).replace('Z', '+01:00') }), true],
  ['a time with small letters', (now) => ({ issuedAt: iso(now).toLowerCase() }), true],
  ['text behind the end', () => ({ end: '\nand I agree to all' }), false],
  ['a line feed behind the end', () => ({ end: '\n' }), false],
  ['a statement of two lines', () => ({ statement: 'Sign in\nplease.\n' }), false],
  [
    'a wrong checksum',
    (_, { written }) => ({
      address: written.replace(/[a-zA-Z](?=.{3}$)|[a-zA-Z](?=[^a-zA-Z]*$)/, (letter) =>
        letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
      ),
    }),
    false,
  ],
  [
    'another address',
    (_, { kind }) => ({ address: kind === 'Solana' ? '11111111111111111111111111111111' : '0x52908400098527886E0F7030069857D2E4169EE7' }),
    false,
  ],
  ['version 2', () => ({ version: '2' }), false],
  ['a chain beyond numbers', () => ({ chain: '99999999999999999999' }), false],
  ['no chain', () => ({ chain: '' }), false],
  ['a chain in hexadecimal', () => ({ chain: '0x1' }), false],
  ['a URI that is none', () => ({ uri: 'here' }), false],
  ['a URI of another origin', () => ({ uri: 'http://evil.example' }), false],
  ['a URI with our name in front of another’s', () => ({ uri: 'http://localhost:4200@evil.example/' }), false],
  ['another domain', () => ({ domain: 'evil.example' }), false],
  ['a domain that begins as ours', () => ({ domain: 'localhost:4200.evil.example' }), false],
  ['another scheme', () => ({ scheme: 'https://' }), false],
  ['issued yesterday', () => ({ issuedAt: 'yesterday' }), false],
  ['issued on 30 February', () => ({ issuedAt: '2026-02-30T00:00:00Z' }), false],
  ['issued an hour ago', (now) => ({ issuedAt: iso(now - 60 * minute) }), false],
  ['issued in an hour', (now) => ({ issuedAt: iso(now + 60 * minute) }), false],
  ['expired', (now) => ({ rest: `\nExpiration Time: ${iso(now)}` }), false],
  ['good for a year', (now) => ({ rest: `\nExpiration Time: ${iso(now + 365 * 24 * 60 * minute)}` }), false],
  ['not good yet', (now) => ({ rest: `\nNot Before: ${iso(now + minute)}` }), false],
  ['fields in another order', (now) => ({ rest: `\nNot Before: ${iso(now)}\nExpiration Time: ${iso(now + minute)}` }), false],
  ['a statement that reads backwards', () => ({ statement: 'Sign in \u202Eplease.\n' }), false],
  ['NUL in the statement', () => ({ statement: 'Sign in\0.\n' }), false],
  ['resources that are none', () => ({ rest: '\nResources:\n- not a uri' }), false],
  ['a resource without its dash', () => ({ rest: '\nResources:\nipfs://bafy' }), false],
  ['a carriage return', () => ({ statement: 'Sign in\r\n' }), false],
  ['a nonce of another kind', () => ({ nonce: 'abc-defgh' }), false],
  ['a nonce that this node never gave', () => ({ nonce: 'a'.repeat(32) }), false],
];

test('of the ways to write a sign-in, each kind of account is let in by the right ones alone', async (context) => {
  verifies('identity.sign-in.grammar');
  const { attempt, signers, clock } = await start(context);
  for (const [name, changes, isIn] of variants) {
    for (const [who, signer] of Object.entries(signers)) {
      const ended = await attempt((nonce) => compose(signer, clock.now, nonce, changes(clock.now, signer)), signer.sign);
      assert.equal(ended === 'in', isIn, `${who}, ${name}: ${ended}`);
    }
  }
});

test('each signature counts for its own account and text only', async (context) => {
  verifies('identity.sign-in.accounts');
  const { attempt, signers, clock } = await start(context);
  for (const [who, signer] of Object.entries(signers)) {
    const wrong: [string, (text: string) => Hex][] = [
      ['another text', (text) => signer.sign(`${text} `)],
      ['nothing', () => '0x00'],
      ['zeros', () => `0x${'00'.repeat(65)}`],
      ['one byte more', (text) => `${signer.sign(text)}00`],
      ['one byte less', (text) => `0x${signer.sign(text).slice(2, -2)}`],
      ...Object.entries(signers)
        .filter(([other]) => other !== who)
        .map(([other, { sign }]): [string, (text: string) => Hex] => [`the signature of ${other}`, sign]),
    ];
    for (const [name, sign] of wrong) {
      const ended = await attempt((nonce) => compose(signer, clock.now, nonce), sign);
      assert.equal(ended, 'bad_signature', `${who}: ${name}`);
    }
  }
  const key = signers['a key'] ?? assert.fail();
  assert.equal(
    await attempt(
      (nonce) => compose(key, clock.now, nonce),
      (text) => malleate(key.sign(text)),
    ),
    'bad_signature',
  );
});

test('2,400 mutations of a good message: what is let in is a sign-in to the letter', async (context) => {
  verifies('identity.sign-in.grammar');
  const { attempt, signers, clock } = await start(context);
  const signer = signers['a key'] ?? assert.fail();
  const full = `\nExpiration Time: ${iso(clock.now + minute)}\nNot Before: ${iso(clock.now)}\nRequest ID: r1\nResources:\n- ipfs://bafy`;
  const mutation = fc.record({
    how: fc.constantFrom('delete', 'insert', 'replace', 'swap lines', 'double a line', 'drop a line', 'other case'),
    at: fc.nat(10_000),
    to: fc.nat(10_000),
    letter: fc.oneof(
      fc.constantFrom('\n', '\r', '\t', ' ', '\0', '\u202E', 'é', '-', ':', '/', '0', 'A', 'z', '%'),
      fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
    ),
    isFull: fc.boolean(),
  });
  const counts = { in: 0, out: 0 };
  await fc.assert(
    fc.asyncProperty(mutation, async ({ how, at, to, letter, isFull }) => {
      let text = '';
      const ended = await attempt((nonce) => {
        text = mutate(compose(signer, clock.now, nonce, isFull ? { rest: full } : {}), { how, at, to, letter });
        return text;
      }, signer.sign);
      counts[ended === 'in' ? 'in' : 'out']++;
      if (ended !== 'in') return;
      assert.match(text, /^[\x20-\x7E\n]*$/, JSON.stringify(text));
      // Of the other reader only the fields count: it lets pass what it does not write, and knows times in one form.
      const plain = text.replace(
        /^(Issued At|Expiration Time|Not Before): (.*)$/gm,
        (_, name: string, time: string) => `${name}: ${iso(Date.parse(time.toUpperCase()))}`,
      );
      const read = parseSiweMessage(plain);
      const { address, chainId, domain, nonce, uri, version } = read;
      assert.ok(address && chainId && domain && nonce && uri && version);
      assert.equal(createSiweMessage({ ...read, address, chainId, domain, nonce, uri, version }), plain, JSON.stringify(text));
      assert.equal(readSignInMessage(text)?.wallet, signer.wallet);
    }),
    { numRuns: 2400 },
  );
  assert.ok(counts.out > 1000 && counts.in > 20, JSON.stringify(counts));
});

function mutate(text: string, { how, at, to, letter }: { how: string; at: number; to: number; letter: string }): string {
  const index = at % text.length;
  const lines = text.split('\n');
  const [a, b] = [at % lines.length, to % lines.length];
  switch (how) {
    case 'delete':
      return text.slice(0, index) + text.slice(index + 1);
    case 'insert':
      return text.slice(0, index) + letter + text.slice(index);
    case 'replace':
      return text.slice(0, index) + letter + text.slice(index + 1);
    case 'swap lines':
      [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
      return lines.join('\n');
    case 'double a line':
      return lines.toSpliced(a, 0, lines[b] ?? '').join('\n');
    case 'drop a line':
      return lines.toSpliced(a, 1).join('\n');
    default: {
      const old = text.charAt(index);
      return text.slice(0, index) + (old === old.toUpperCase() ? old.toLowerCase() : old.toUpperCase()) + text.slice(index + 1);
    }
  }
}

test('200 at once with one nonce: one is in; a nonce of one way does not serve the other', async (context) => {
  verifies('identity.sign-in.once');
  const { identity, signers, clock } = await start(context);
  for (const signer of Object.values(signers)) {
    const { nonce } = await identity.signInNonce({ origin, ip });
    const message = compose(signer, clock.now, nonce);
    const attempts = Array.from({ length: 200 }, () =>
      identity.login({ message, signature: signer.sign(message), origin, userAgent: 'Test/1.0', ip }),
    );
    const ended = await Promise.allSettled(attempts);
    assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 1);
  }
  const key = signers['a key'] ?? assert.fail();
  const own = await identity.challenge({ address: key.wallet, origin, ip });
  await assert.rejects(identity.login({ message: own.message, signature: key.sign(own.message), origin, userAgent: '', ip }), {
    code: 'challenge_unknown',
  });
  const free = await identity.signInNonce({ origin, ip });
  await assert.rejects(identity.login({ nonce: free.nonce, signature: key.sign(''), origin, userAgent: '', ip }), {
    code: 'challenge_unknown',
  });
  await assert.rejects(identity.login({ signature: key.sign(''), origin, userAgent: '', ip }), { code: 'challenge_unknown' });
});

test('Solana’s wallets and smart accounts answer the node’s own challenge; where no chain can be asked, it is said', async (context) => {
  verifies('identity.sign-in.accounts');
  const { identity, signers } = await start(context);
  for (const [who, { wallet, sign }] of Object.entries(signers)) {
    const { nonce, message } = await identity.challenge({ address: wallet, origin, ip });
    const { account } = await identity.login({ nonce, signature: sign(message), origin, userAgent: 'Test/1.0', ip });
    assert.equal(account.role, 'member', who);
    assert.equal(account.wallet, wallet.startsWith('solana:') ? wallet : undefined);
  }
  const { events } = await identity.securityEvents({ address: (signers['a key'] ?? assert.fail()).wallet as Address });
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['signed_in'],
  );
  const alone = await startIdentity({ owner: makeWallet().address });
  context.after(() => alone.stop());
  const smart = contractAccount({ isDeployed: true });
  await alone.identity.allow({ address: smart.wallet, role: 'member' });
  const { nonce, message } = await alone.identity.challenge({ address: smart.wallet, chainId: 8453, origin, ip });
  await assert.rejects(alone.identity.login({ nonce, signature: smart.sign(message), origin, userAgent: '', ip }), {
    code: 'bad_signature',
    message: /8453.*payments\.json/,
  });
});
