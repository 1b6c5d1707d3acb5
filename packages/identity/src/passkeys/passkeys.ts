import { isIP } from 'node:net';
import type { Database } from '@freehold/database';
import { fromHex, type Account, type Address, type NewPasskey, type Passkey, type PasskeyAnswer } from '@freehold/protocol';
import { isExpired } from '../account.ts';
import { IdentityError } from '../error.ts';
import type { Log } from '../log.ts';
import type { SecurityEvents } from '../security-events.ts';
import type { Sessions } from '../sessions.ts';
import { unknownChallenge, type Challenges } from '../sign-in/challenges.ts';
import type { Login } from '../sign-in/sign-in.ts';
import * as accounts from '../store.ts';
import * as store from '../store/passkeys.ts';

const passkeysPerAccount = 50;
/** What a challenge of the table is for, where a wallet's has its message. */
const forRegistration = 'passkey: add';
const forSignIn = 'passkey: sign in';

/** What authenticators sign with: ed25519, P-256 and RSA, as COSE numbers them. */
const algorithms = [-8, -7, -257];

/** Loaded when the first passkey is used: it brings readers for every make of authenticator. */
const webauthn = () => import('@simplewebauthn/server');

type From = { origin: string; ip: string; userAgent: string };

/** Passkeys: the second way in for those who have a wallet, and the only one for those who have none. */
export function createPasskeys({
  database,
  now,
  log,
  challenges,
  isOwnOrigin,
  sessions,
  note,
}: {
  database: Database;
  now: () => number;
  log: Log;
  challenges: Challenges;
  isOwnOrigin: (origin: string) => boolean;
  sessions: Sessions;
  note: SecurityEvents['note'];
}) {
  /** Browsers know passkeys by the name of the site; an address is none. Errors: `origin_unknown`, `passkey_unavailable`. */
  function partyOf(origin: string): string {
    if (!isOwnOrigin(origin)) throw new IdentityError('origin_unknown', 403, `This node does not know itself as ${origin}.`);
    const { hostname, protocol } = new URL(origin);
    const isSecure = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');
    if (isSecure && isIP(hostname.replace(/^\[|\]$/g, '')) === 0) return hostname;
    throw new IdentityError(
      'passkey_unavailable',
      409,
      'Browsers allow passkeys only at a name, over https or on localhost. Open this node at http://localhost or at its https name.',
    );
  }

  async function spend(nonce: string, message: string, origin: string): Promise<{ address: string }> {
    const challenge = await challenges.find(nonce);
    if (challenge?.message !== message || challenge.origin !== origin) throw unknownChallenge();
    const taken = await database.transaction((tx) => accounts.takeChallenge(tx, nonce));
    if (!taken) throw unknownChallenge();
    return challenge;
  }

  /** Whatever is wrong with an answer, it is not one of the key. */
  async function verified<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof IdentityError) throw cause;
      throw badAnswer(cause);
    }
  }

  return {
    /** What the browser needs to make a passkey for an account. Errors: `origin_unknown`, `passkey_unavailable`, `too_many_attempts`. */
    async passkeyOptions({ account, name, origin, ip }: { account: Account; name: string; origin: string; ip: string }) {
      const rpID = partyOf(origin);
      const { generateRegistrationOptions } = await webauthn();
      const known = await store.listPasskeys(database.read, { account: account.address, limit: passkeysPerAccount });
      const options = await generateRegistrationOptions({
        rpName: 'Freehold',
        rpID,
        userName: name,
        userID: Uint8Array.from(fromHex(account.address)),
        attestationType: 'none',
        supportedAlgorithmIDs: algorithms,
        excludeCredentials: known.map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      await challenges.keep({ nonce: options.challenge, address: account.address, origin, message: forRegistration }, ip);
      return options;
    },

    /** Errors: `challenge_unknown`, `bad_signature`, `limit_reached`. */
    async addPasskey({
      account,
      response,
      label,
      from,
    }: {
      account: Account;
      response: NewPasskey;
      label: string;
      from: From;
    }): Promise<Passkey> {
      const { address } = account;
      const rp = partyOf(from.origin);
      const nonce = challengeIn(response);
      const challenge = await spend(nonce, forRegistration, from.origin);
      if (challenge.address !== address) throw unknownChallenge();
      const { verifyRegistrationResponse } = await webauthn();
      const { verified: isGood, registrationInfo } = await verified(() =>
        verifyRegistrationResponse({
          response: registrationOf(response),
          supportedAlgorithmIDs: algorithms,
          expectedChallenge: nonce,
          expectedOrigin: from.origin,
          expectedRPID: rp,
        }),
      );
      if (!isGood) throw badAnswer();
      const { credential } = registrationInfo;
      const row: store.PasskeyRow = {
        id: credential.id,
        account: address,
        public_key: credential.publicKey,
        counter: credential.counter,
        transports: (credential.transports ?? []).join(' '),
        label: label.replaceAll(/\p{C}/gu, '').trim() || 'Passkey',
        rp,
        created_at: now(),
        last_used_at: now(),
      };
      await database.transaction(async (tx) => {
        const others = await store.listPasskeys(tx, { account: address, limit: passkeysPerAccount });
        if (others.length >= passkeysPerAccount)
          throw new IdentityError('limit_reached', 409, `You have ${passkeysPerAccount} passkeys. Remove some that you no longer use.`);
        if (await store.findPasskey(tx, row.id)) throw new IdentityError('user_exists', 409, 'This passkey is in use already.');
        await store.insertPasskey(tx, row);
        await store.confirmUser(tx, { account: address, at: now() });
        await note(tx, { account: address, kind: 'passkey_added', detail: row.label, ip: from.ip, userAgent: from.userAgent });
      });
      log('identity.passkey_added', { address });
      return passkeyOf(row);
    },

    async passkeys({ address }: { address: Address }): Promise<Passkey[]> {
      return (await store.listPasskeys(database.read, { account: address, limit: passkeysPerAccount })).map(passkeyOf);
    },

    /** Errors: `token_unknown`. */
    async removePasskey({ address, id, from }: { address: Address; id: string; from: Omit<From, 'origin'> }): Promise<void> {
      await database.transaction(async (tx) => {
        const row = await store.findPasskey(tx, id);
        if (row?.account !== address)
          throw new IdentityError('token_unknown', 404, 'You have no such passkey. It may have been removed already.');
        await store.deletePasskey(tx, { id, account: address });
        await note(tx, { account: address, kind: 'passkey_removed', detail: row.label, ip: from.ip, userAgent: from.userAgent });
      });
      log('identity.passkey_removed', { address });
    },

    /** What the browser needs to find a passkey of this node. Errors as of `passkeyOptions`. */
    async passkeyChallenge({ origin, ip }: { origin: string; ip: string }) {
      const rpID = partyOf(origin);
      const { generateAuthenticationOptions } = await webauthn();
      const options = await generateAuthenticationOptions({ rpID, userVerification: 'required' });
      await challenges.keep({ nonce: options.challenge, address: '', origin, message: forSignIn }, ip);
      return options;
    },

    /** Errors: `challenge_unknown`, `bad_signature`, `not_allowed`. */
    async loginWithPasskey({ response, from }: { response: PasskeyAnswer; from: From }): Promise<Login> {
      const rp = partyOf(from.origin);
      const nonce = challengeIn(response);
      await spend(nonce, forSignIn, from.origin);
      const row = await store.findPasskey(database.read, response.id);
      if (!row)
        throw new IdentityError('bad_signature', 401, 'This node does not know that passkey. Sign in with a wallet, and add it again.');
      const { verifyAuthenticationResponse } = await webauthn();
      const { verified: isGood, authenticationInfo } = await verified(() =>
        verifyAuthenticationResponse({
          response: assertionOf(response),
          expectedChallenge: nonce,
          expectedOrigin: from.origin,
          expectedRPID: rp,
          credential: { id: row.id, publicKey: Uint8Array.from(row.public_key), counter: row.counter },
        }),
      );
      if (!isGood) throw badAnswer();
      const login = await database.transaction(async (tx) => {
        const account = await accounts.findAccount(tx, row.account);
        if (!account || isExpired(account, now()))
          throw new IdentityError('not_allowed', 403, 'Your invitation to this node has ended. Ask its owner for a new one.');
        await store.usePasskey(tx, { id: row.id, counter: authenticationInfo.newCounter, at: now() });
        await note(tx, {
          account: account.address,
          kind: 'signed_in',
          detail: `passkey ${row.label}`,
          ip: from.ip,
          userAgent: from.userAgent,
        });
        return { account, ...(await sessions.start(tx, { account, userAgent: from.userAgent, ip: from.ip })), claimed: false };
      });
      log('identity.login', { address: login.account.address, session: login.session.id });
      return login;
    },
  };
}

/** The challenge that an answer says it is for; the library compares it with the one that is kept. */
function challengeIn({ response }: { response: { clientDataJSON: string } }): string {
  try {
    const data: unknown = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString());
    if (typeof data === 'object' && data !== null && 'challenge' in data && typeof data.challenge === 'string') return data.challenge;
  } catch {
    // Then it is no answer to anything.
  }
  throw unknownChallenge();
}

/** The library's shapes, which have no place for what is absent. */
const registrationOf = ({ response: { transports, ...response }, ...rest }: NewPasskey) => ({
  ...rest,
  response: { ...response, ...(transports && { transports }) },
});
const assertionOf = ({ response: { userHandle, ...response }, ...rest }: PasskeyAnswer) => ({
  ...rest,
  response: { ...response, ...(typeof userHandle === 'string' && { userHandle }) },
});

const passkeyOf = ({ id, label, created_at, last_used_at }: store.PasskeyRow): Passkey => ({
  id,
  label,
  createdAt: created_at,
  lastUsedAt: last_used_at > created_at ? last_used_at : null,
});

const badAnswer = (cause?: unknown) =>
  new IdentityError('bad_signature', 401, 'That was not the answer of a passkey of this node. Start again.', { cause });
