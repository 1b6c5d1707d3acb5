import type { Database } from '@freehold/database';
import { accountOfSolana, type Account, type Address, type Hex, type SolanaWallet } from '@freehold/protocol';
import { isExpired } from '../account.ts';
import { challengeMessage } from './challenge.ts';
import { unknownChallenge, type Challenges } from './challenges.ts';
import { problemWith } from './check-message.ts';
import type { ClaimCode } from './claim-code.ts';
import { readSignInMessage, type SignInMessage } from './message.ts';
import { checkSignature, type AskContract } from './wallet-signature.ts';
import { IdentityError } from '../error.ts';
import type { Log } from '../log.ts';
import type { SecurityEvents } from '../security-events.ts';
import type { Session, Sessions } from '../sessions.ts';
import * as store from '../store.ts';

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
  log,
  recover,
  isOwnOrigin,
  statement,
  sessions,
  claimCode,
  askContract,
  challenges,
  note,
}: {
  database: Database;
  now: () => number;
  log: Log;
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  isOwnOrigin: (origin: string) => boolean;
  statement: string;
  sessions: Sessions;
  claimCode: ClaimCode;
  askContract: AskContract | undefined;
  challenges: Challenges;
  note: SecurityEvents['note'];
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

  function assertOwnOrigin(origin: string) {
    if (isOwnOrigin(origin)) return;
    throw new IdentityError(
      'origin_unknown',
      403,
      `This node does not know itself as ${origin}. Its owner can allow that name with FREEHOLD_ORIGIN=${origin}.`,
    );
  }

  /** What was signed: the node's own text, or one that the caller wrote with a nonce of this node. */
  async function claimOf({
    nonce,
    message,
    origin,
  }: {
    nonce: string | undefined;
    message: string | undefined;
    origin: string;
  }): Promise<Claim> {
    const read = message === undefined ? undefined : readSignInMessage(message);
    if (message !== undefined && !read)
      throw new IdentityError(
        'message_invalid',
        401,
        'The message is not one of EIP-4361. Ask this node for a challenge and sign that, or write it by the grammar to the letter.',
      );
    const spent = read?.nonce ?? nonce;
    const challenge = spent === undefined ? undefined : await store.findChallenge(database.read, spent);
    if (!challenge || challenge.expires_at <= now() || (challenge.message === '') !== (read !== undefined)) throw unknownChallenge();
    if (challenge.origin !== origin)
      return {
        nonce: challenge.nonce,
        refusal: new IdentityError('challenge_unknown', 401, `This sign-in was begun at ${challenge.origin}. Start again here.`),
      };
    if (!read || message === undefined) {
      const own = readSignInMessage(challenge.message);
      // It may be one that a passkey is to answer.
      if (!own) throw unknownChallenge();
      return { nonce: challenge.nonce, text: challenge.message, message: own };
    }
    const problem = problemWith(read, { origin, now: now() });
    return problem === undefined
      ? { nonce: challenge.nonce, text: message, message: read }
      : {
          nonce: challenge.nonce,
          refusal: new IdentityError('message_invalid', 401, `The message is no sign-in to this node now: ${problem}.`),
        };
  }

  /** Why a signature does not do, or undefined. */
  async function refusalOf(
    { text, message }: { text: string; message: SignInMessage },
    signature: Hex,
  ): Promise<IdentityError | undefined> {
    const { wallet, chainId } = message;
    const verdict = await checkSignature({ wallet, chainId, message: text, signature, recover, askContract });
    if (verdict === 'valid') return undefined;
    const why =
      verdict === 'invalid'
        ? `The signature is not one of ${wallet} over this sign-in. Start again and sign with that wallet.`
        : `The signature is not one of the key of ${wallet}. If it is a smart account, this node must reach its chain (${chainId}) to ask it, and cannot now: the owner names the chain in payments.json.`;
    return new IdentityError('bad_signature', 401, why);
  }

  return {
    /**
     * Writes the text that the wallet is to sign. Good for five minutes and one sign-in. `chainId` is where a smart account lives.
     * Errors: `origin_unknown`, `too_many_attempts`.
     */
    async challenge({
      address,
      chainId = 1,
      origin,
      ip,
    }: {
      address: Address | SolanaWallet;
      chainId?: number | undefined;
      origin: string;
      ip: string;
    }) {
      assertOwnOrigin(origin);
      const issuedAt = now();
      const nonce = challenges.newNonce();
      const message = challengeMessage({ wallet: address, chainId, origin, nonce, statement, issuedAt });
      return { message, ...(await challenges.keep({ nonce, address, origin, message }, ip)) };
    },

    /** A nonce for a program that writes the message itself. Errors as of `challenge`. */
    async signInNonce({ origin, ip }: { origin: string; ip: string }) {
      assertOwnOrigin(origin);
      return challenges.keep({ nonce: challenges.newNonce(), address: '', origin, message: '' }, ip);
    },

    /**
     * Signs in with the signature over a challenge, or over a message that the caller wrote with a nonce of this node. A nonce is spent by
     * the sign-in it leads to and by a wrong signature; it outlives a missing or wrong claim code, so that the person need not sign again
     * to correct a typing error.
     * Errors: `challenge_unknown`, `message_invalid`, `bad_signature`, `claim_code_required`, `claim_code_wrong`, `too_many_attempts`,
     * `not_allowed`.
     */
    async login({
      nonce,
      message,
      signature,
      origin,
      claimProof,
      userAgent,
      ip,
    }: {
      nonce?: string | undefined;
      message?: string | undefined;
      signature: Hex;
      origin: string;
      claimProof?: ClaimProof | undefined;
      userAgent: string;
      ip: string;
    }): Promise<Login> {
      const claim = await claimOf({ nonce, message, origin });
      const refusal = claim.refusal ?? (await refusalOf(claim, signature));
      if (refusal || !claim.message) {
        await database.transaction((tx) => store.takeChallenge(tx, claim.nonce));
        log('identity.login_refused', { address: claim.message?.wallet, code: refusal?.code });
        throw refusal;
      }
      const { wallet } = claim.message;
      const address = addressOf(wallet);
      const login = await database.transaction(async (tx) => {
        if (!(await store.takeChallenge(tx, claim.nonce))) throw unknownChallenge();
        const owner = await store.findOwner(tx);
        if (!owner) checkProof(claimProof);
        const account = owner ? await store.findAccount(tx, address) : { ...ownerAccount(address, now()), ...walletIn(wallet) };
        if (!account)
          throw new IdentityError('not_allowed', 403, `${wallet} has no account on this node. Ask its owner to allow this wallet.`);
        if (isExpired(account, now())) {
          throw new IdentityError('not_allowed', 403, 'Your invitation to this node has ended. Ask its owner for a new one.');
        }
        if (!owner) await store.putAccount(tx, account);
        await note(tx, { account: address, kind: 'signed_in', detail: 'wallet', ip, userAgent });
        const started = await sessions.start(tx, { account, userAgent, ip });
        return { account, ...started, claimed: !owner };
      });
      log(login.claimed ? 'identity.claimed' : 'identity.login', { address, session: login.session.id });
      return login;
    },
  };
}

type Claim =
  | { nonce: string; text: string; message: SignInMessage; refusal?: undefined }
  /** The nonce is spent all the same. */
  | { nonce: string; text?: undefined; message?: undefined; refusal: IdentityError };

/** The account that a wallet signs in for. */
export const addressOf = (wallet: SignInMessage['wallet']): Address =>
  wallet.startsWith('solana:') ? accountOfSolana(`solana:${wallet.slice(7)}`) : `0x${wallet.slice(2)}`;

/** What an account notes of a wallet whose address is not its name. */
export const walletIn = (wallet: SignInMessage['wallet']) => (wallet.startsWith('solana:') ? { wallet } : {});

export const ownerAccount = (address: Address, createdAt: number): Account => ({ address, role: 'owner', createdAt, expiresAt: null });
