import type { Database } from '@freehold/database';
import { hashPersonalMessage, type Account, type Address, type Hex } from '@freehold/protocol';
import { isExpired } from './account.ts';
import { challengeLifetime, challengeMessage } from './challenge.ts';
import type { ClaimCode } from './claim-code.ts';
import { IdentityError } from './error.ts';
import type { Log } from './log.ts';
import { networkOf } from './network.ts';
import type { Session, Sessions } from './sessions.ts';
import * as store from './store.ts';

/** Unanswered challenges kept at once: from one network, then a newcomer waits; and of all, then the oldest one goes. */
const challengesPerNetwork = 100;
const challengesInAll = 10_000;

/** What a visitor brings to claim an unclaimed node: being on the machine itself, or the code that it printed. */
export type ClaimProof = 'loopback' | { code: string };

export type Login = {
  account: Account;
  session: Session;
  token: string;
  /** True when this sign-in made its wallet the owner of the node. */
  claimed: boolean;
};

/** The two steps of signing in, and the first of all sign-ins, which claims the node. */
export function createSignIn({
  database,
  now,
  random,
  log,
  recover,
  isOwnOrigin,
  statement,
  sessions,
  claimCode,
}: {
  database: Database;
  now: () => number;
  random: (length: number) => Uint8Array;
  log: Log;
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  isOwnOrigin: (origin: string) => boolean;
  statement: string;
  sessions: Sessions;
  claimCode: ClaimCode;
}) {
  function checkProof(proof: ClaimProof | undefined) {
    if (proof === 'loopback') return;
    if (proof === undefined) {
      throw new IdentityError(
        'claim_code_required',
        403,
        'This node has no owner yet. To claim it from another machine, enter the code that it printed when it started.',
      );
    }
    const verdict = claimCode.check(proof.code);
    if (verdict === 'wrong')
      throw new IdentityError('claim_code_wrong', 403, 'That is not the code. Copy it again from where the node was started.');
    if (verdict === 'rotated') {
      throw new IdentityError(
        'too_many_attempts',
        429,
        'That was the tenth wrong code, so the node has printed a new one. Use the new code.',
      );
    }
  }

  return {
    /** Writes the text that the wallet is to sign. Good for five minutes and one sign-in. Errors: `origin_unknown`, `too_many_attempts`. */
    async challenge({ address, chainId = 1, origin, ip }: { address: Address; chainId?: number | undefined; origin: string; ip: string }) {
      if (!isOwnOrigin(origin)) {
        throw new IdentityError(
          'origin_unknown',
          403,
          `This node does not know itself as ${origin}. Its owner can allow that name with FREEHOLD_ORIGIN=${origin}.`,
        );
      }
      const issuedAt = now();
      const expiresAt = issuedAt + challengeLifetime;
      const nonce = Buffer.from(random(16)).toString('hex');
      const message = challengeMessage({ address, chainId, origin, nonce, statement, issuedAt });
      const network = networkOf(ip);
      await database.transaction(async (tx) => {
        await store.deleteExpiredChallenges(tx, issuedAt);
        const { ofNetwork, all } = await store.countChallenges(tx, network);
        if (ofNetwork >= challengesPerNetwork) {
          throw new IdentityError(
            'too_many_attempts',
            429,
            'Too many sign-ins were begun from your network. Wait five minutes and try again.',
            {
              details: { retryAfterMs: challengeLifetime },
            },
          );
        }
        if (all >= challengesInAll) await store.deleteOldestChallenge(tx);
        await store.insertChallenge(tx, { nonce, address, origin, message, network, expires_at: expiresAt });
      });
      return { nonce, message, expiresAt };
    },

    /**
     * Signs in with the signature over a challenge. A challenge is spent by the sign-in it leads to and by a wrong signature;
     * it outlives a missing or wrong claim code, so that the person need not sign again to correct a typing error.
     * Errors: `challenge_unknown`, `bad_signature`, `claim_code_required`, `claim_code_wrong`, `too_many_attempts`, `not_allowed`.
     */
    async login({
      nonce,
      signature,
      origin,
      claimProof,
      userAgent,
      ip,
    }: {
      nonce: string;
      signature: Hex;
      origin: string;
      claimProof?: ClaimProof | undefined;
      userAgent: string;
      ip: string;
    }): Promise<Login> {
      const challenge = await store.findChallenge(database.read, nonce);
      if (!challenge || challenge.expires_at <= now()) throw unknownChallenge();
      const { address, message } = challenge;
      const refusal =
        challenge.origin !== origin
          ? new IdentityError('challenge_unknown', 401, `This sign-in was begun at ${challenge.origin}. Start again here.`)
          : recover(hashPersonalMessage(message), signature) !== address
            ? new IdentityError(
                'bad_signature',
                401,
                `The signature is not one of ${address} over this sign-in. Start again and sign with that wallet. (Smart accounts cannot sign in yet: use an ordinary wallet.)`,
              )
            : undefined;
      if (refusal) {
        await database.transaction((tx) => store.takeChallenge(tx, nonce));
        log('identity.login_refused', { address, code: refusal.code });
        throw refusal;
      }
      const login = await database.transaction(async (tx) => {
        if (!(await store.takeChallenge(tx, nonce))) throw unknownChallenge();
        const owner = await store.findOwner(tx);
        if (!owner) checkProof(claimProof);
        const account = owner ? await store.findAccount(tx, address) : ownerAccount(address, now());
        if (!account)
          throw new IdentityError('not_allowed', 403, `${address} has no account on this node. Ask its owner to allow this wallet.`);
        if (isExpired(account, now())) {
          throw new IdentityError('not_allowed', 403, 'Your invitation to this node has ended. Ask its owner for a new one.');
        }
        if (!owner) await store.putAccount(tx, account);
        const started = await sessions.start(tx, { account, userAgent, ip });
        return { account, ...started, claimed: !owner };
      });
      log(login.claimed ? 'identity.claimed' : 'identity.login', { address, session: login.session.id });
      return login;
    },
  };
}

export const ownerAccount = (address: Address, createdAt: number): Account => ({ address, role: 'owner', createdAt, expiresAt: null });

const unknownChallenge = () =>
  new IdentityError('challenge_unknown', 401, 'This sign-in has been used or is older than five minutes. Start again.');
