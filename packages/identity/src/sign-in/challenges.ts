import type { Database } from '@freehold/database';
import { IdentityError } from '../error.ts';
import { networkOf } from '../network.ts';
import * as store from '../store.ts';
import { challengeLifetime } from './challenge.ts';

/** Unanswered challenges kept at once: from one network, then a newcomer waits; and of all, then the oldest one goes. */
const challengesPerNetwork = 100;
const challengesInAll = 10_000;

export type Challenges = ReturnType<typeof createChallenges>;

/** What was asked and not yet answered. Each is good for five minutes and one answer. */
export function createChallenges({
  database,
  now,
  random,
}: {
  database: Database;
  now: () => number;
  random: (length: number) => Uint8Array;
}) {
  return {
    newNonce: () => Buffer.from(random(16)).toString('hex'),

    /** Errors: `too_many_attempts`. */
    async keep(challenge: Pick<store.ChallengeRow, 'nonce' | 'address' | 'origin' | 'message'>, ip: string) {
      const at = now();
      const expiresAt = at + challengeLifetime;
      const network = networkOf(ip);
      await database.transaction(async (tx) => {
        await store.deleteExpiredChallenges(tx, at);
        const { ofNetwork, all } = await store.countChallenges(tx, network);
        if (ofNetwork >= challengesPerNetwork) {
          throw new IdentityError(
            'too_many_attempts',
            429,
            'Too many sign-ins were begun from your network. Wait five minutes and try again.',
            { details: { retryAfter: challengeLifetime / 1000 } },
          );
        }
        if (all >= challengesInAll) await store.deleteOldestChallenge(tx);
        await store.insertChallenge(tx, { ...challenge, network, expires_at: expiresAt });
      });
      return { nonce: challenge.nonce, expiresAt };
    },

    /** One that has not expired. */
    async find(nonce: string): Promise<store.ChallengeRow | undefined> {
      const challenge = await store.findChallenge(database.read, nonce);
      return challenge && challenge.expires_at > now() ? challenge : undefined;
    },
  };
}

export const unknownChallenge = () =>
  new IdentityError('challenge_unknown', 401, 'This sign-in has been used or is older than five minutes. Start again.');
