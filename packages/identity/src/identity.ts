import { randomBytes } from 'node:crypto';
import type { Database } from '@freehold/database';
import type { Address, Hex } from '@freehold/protocol';
import { createAccounts } from './accounts.ts';
import { isStatement } from './sign-in/challenge.ts';
import { createApps } from './apps.ts';
import { createClaimCode } from './sign-in/claim-code.ts';
import { createDelegates } from './delegates.ts';
import { IdentityError } from './error.ts';
import type { Log } from './log.ts';
import type { Principal } from './principal.ts';
import { recoverAddress } from './recover.ts';
import { createSessions } from './sessions.ts';
import { createPasskeys } from './passkeys/passkeys.ts';
import { createChallenges } from './sign-in/challenges.ts';
import { createSignIn, ownerAccount } from './sign-in/sign-in.ts';
import * as store from './store.ts';
import { createSecurityEvents } from './security-events.ts';
import type { AskContract } from './sign-in/wallet-signature.ts';
import { kindOfToken } from './token.ts';
import type { WalletKeys } from './keeper/tee-keeper.ts';
import { createWallets } from './wallets/wallets.ts';

const claimedTopic = 'claimed';

export type Identity = Awaited<ReturnType<typeof openIdentity>>;

/** Who may use the node, and how they prove who they are. Needs no third party: a wallet's signature is checked right here. */
export async function openIdentity({
  database,
  log,
  isOwnOrigin,
  now = Date.now,
  random = randomBytes,
  recover = recoverAddress,
  owner,
  statement = 'Sign in to this Freehold node. This costs nothing and moves no funds.',
  onClaimCode = () => undefined,
  askContract,
  walletKeys,
  trustedRoots = [],
}: {
  database: Database;
  log: Log;
  /** Whether people open this node at that origin (`http://localhost:4200`). Asked at every challenge. */
  isOwnOrigin: (origin: string) => boolean;
  now?: () => number;
  random?: (length: number) => Uint8Array;
  recover?: (digest: Uint8Array, signature: Hex) => Address | undefined;
  /** Claims the node for this wallet before anybody can. Errors: `owner_differs` when another wallet has it. */
  owner?: Address | undefined;
  /** The line that wallets show; only the characters that EIP-4361 allows. */
  statement?: string;
  /** Hears the claim code of an unclaimed node: at the start and when ten wrong tries have replaced it. For the terminal, not the log. */
  onClaimCode?: (code: string) => void;
  /** Asks the chain of a smart account whether it takes a signature; without it only keys sign in. */
  askContract?: AskContract | undefined;
  /** The keeper's door to the key service, where there is one. */
  walletKeys?: WalletKeys | undefined;
  /** Compressed public keys of the key services' roots that are believed. */
  trustedRoots?: readonly Hex[];
}) {
  if (!isStatement(statement)) throw new TypeError('The sign-in statement holds characters that EIP-4361 does not allow');
  let claimed = await settleOwner({ database, now, owner });
  // Another node on the same database may be the one that is claimed.
  database.onAnnounce((topic) => {
    if (claimed || (topic !== undefined && topic !== claimedTopic)) return;
    void store.findOwner(database.read).then(
      (known) => (claimed ||= known !== undefined),
      () => {},
    );
  });
  const claimCode = createClaimCode({
    random,
    onChange: (code) => {
      if (!claimed) onClaimCode(code);
    },
  });
  const { start, ...sessions } = createSessions({ database, now, random, log });
  const { note, securityEvents } = createSecurityEvents({ database, now });
  const challenges = createChallenges({ database, now, random });
  const signIn = createSignIn({
    database,
    now,
    log,
    recover,
    isOwnOrigin,
    statement,
    sessions: { start, ...sessions },
    claimCode,
    askContract,
    challenges,
    note,
  });
  const { delegate, ...delegates } = createDelegates({ database, now, random, log });

  return {
    ...createAccounts({ database, now, log }),
    ...createApps({ database, now, log }),
    ...sessions,
    ...delegates,
    ...createPasskeys({ database, now, log, challenges, isOwnOrigin, sessions: { start, ...sessions }, note }),
    ...createWallets({ database, now, random, sessions: { start, ...sessions }, keys: walletKeys, trustedRoots }),

    /** Whom a token stands for, of whatever kind; undefined when it is none, has ended or was revoked. App passwords are not tokens. */
    async authenticate(token: string): Promise<Principal | undefined> {
      const kind = kindOfToken(token);
      if (kind === undefined) return undefined;
      return kind === 'session' ? sessions.authenticate(token) : delegate(token);
    },

    securityEvents,
    challenge: signIn.challenge,
    signInNonce: signIn.signInNonce,
    async login(request: Parameters<typeof signIn.login>[0]) {
      const login = await signIn.login(request);
      claimed = true;
      if (login.claimed) database.announce(claimedTopic);
      return login;
    },

    isClaimed: () => claimed,

    /** The code to print while the node has no owner, undefined afterwards. */
    claimCode: () => (claimed ? undefined : claimCode.current()),

    /** The wallet that owns the node. */
    owner: () => store.findOwner(database.read),

    /** Notes the address that signs receipts from now on, so that a receipt can be checked after the key is gone. */
    recordSigner: (address: Address) => database.transaction((tx) => store.insertSigner(tx, { address, since: now() })),

    /** Every address that ever signed receipts here, current first; `until` is when the next one took over. */
    async signers() {
      const rows = await store.listSigners(database.read);
      return rows.map(({ address, since }, index) => {
        const successor = rows[index - 1];
        return { address, since, ...(successor && { until: successor.since }) };
      });
    },
  };
}

/** Answers whether the node has an owner, once a preset one is entered. */
function settleOwner({ database, now, owner }: { database: Database; now: () => number; owner: Address | undefined }): Promise<boolean> {
  return database.transaction(async (tx) => {
    const known = await store.findOwner(tx);
    if (owner === undefined) return known !== undefined;
    if (known && known.address !== owner) {
      throw new IdentityError(
        'owner_differs',
        409,
        `This node belongs to ${known.address}, but FREEHOLD_OWNER names ${owner}. Correct the setting or remove it.`,
      );
    }
    if (!known) await store.putAccount(tx, ownerAccount(owner, now()));
    return true;
  });
}
