import type { Database } from '@freehold/database';
import {
  addressOfPublicKey,
  keyChain,
  solanaAddress,
  toHex,
  walletAlgorithm,
  walletPath,
  type Account,
  type Address,
  type Hex,
  type SignAnswer,
  type SignRequest,
  type VerifyAnswer,
  type VerifyRequest,
  type WalletAlgorithm,
  type WalletKey,
  type WalletSubject,
  type WalletUser,
} from '@freehold/protocol';
import { IdentityError } from '../error.ts';
import type { PublicKeyProof, WalletKeys } from '../keeper/tee-keeper.ts';
import type { Sessions } from '../sessions.ts';
import * as accountStore from '../store.ts';
import * as store from '../store/wallets.ts';
import { randomUuid } from '../uuid.ts';
import { verifySigned } from './verify.ts';
import { signedTransaction, whatIsSigned } from './what-is-signed.ts';

/** Who signed up adds a passkey by then, or the account ends: there would be no way back in. */
const confirmWithinMs = 60 * 60_000;

/** Versions and curves of one account's wallet. */
const keysPerAccount = 1000;

export type WalletsOptions = {
  database: Database;
  now: () => number;
  random: (length: number) => Uint8Array;
  sessions: Sessions;
  /** The keeper's door to the key service; undefined where there is none. */
  keys: WalletKeys | undefined;
  /** Compressed public keys of the roots whose chains are believed. */
  trustedRoots: readonly Hex[];
};

/** Wallets whose keys nobody holds: the key service derives them inside the keeper for the length of one signature. */
export function createWallets({ database, now, random, sessions, keys, trustedRoots }: WalletsOptions) {
  function service(): WalletKeys {
    if (keys) return keys;
    throw new IdentityError(
      'tee_unavailable',
      404,
      'This node has no key service, so it keeps no wallets. Its owner can run it in a confidential VM (docs/tee.md), or try it with FREEHOLD_DSTACK=stand-in.',
    );
  }

  /** Derives a key and notes its public part, which is how old versions stay known. */
  async function deriveKey(
    account: Address,
    subject: WalletSubject,
    { algorithm, version }: { algorithm: WalletAlgorithm; version: number },
  ) {
    const path = walletPath({ subject, version, algorithm });
    const key = keyOf(await service().publicKey({ path, algorithm }), { algorithm, version, purpose: path, createdAt: now() });
    await database.transaction((tx) => store.insertKey(tx, rowOf(account, key)));
    return key;
  }

  async function subjectOf(account: Address): Promise<WalletSubject> {
    const user = await store.findUser(database.read, account);
    return user ? { userId: user.user_id } : { account };
  }

  /** Newest version first. The first look makes both keys of the first version. */
  async function keysOf(account: Address): Promise<WalletKey[]> {
    const known = (await store.listKeys(database.read, { account, limit: keysPerAccount })).map(keyIn);
    const missing = walletAlgorithm.options.filter((algorithm) => !known.some((key) => key.algorithm === algorithm));
    if (missing.length === 0) return known;
    const subject = await subjectOf(account);
    const made = await Promise.all(missing.map((algorithm) => deriveKey(account, subject, { algorithm, version: 1 })));
    return [...known, ...made];
  }

  /** The current version, unless another one that exists is wanted. */
  async function keyFor(account: Address, algorithm: WalletAlgorithm, version: number | undefined): Promise<WalletKey> {
    const key = (await keysOf(account)).find((each) => each.algorithm === algorithm && (version === undefined || each.version === version));
    if (key) return key;
    throw new IdentityError('wallet_unknown', 404, `This wallet has no version ${version}. Make the next one by rotating it.`);
  }

  return {
    /** What the key service says of itself; undefined where there is none. */
    keyService: () =>
      keys && {
        isTee: keys.service.isTee,
        product: keys.service.product,
        appId: keys.service.appId,
        composeHash: keys.service.composeHash,
        trustedRoots: [...trustedRoots],
      },

    /** All of it, for whoever was allowed to see it. Errors: `tee_unavailable`. */
    keyServiceInfo: () => service().service.info,
    /** Errors: `tee_unavailable`, `tee_failed`. */
    quote: (reportData: Uint8Array) => service().quote(reportData),
    /** Errors: `tee_failed`; nothing where there is no key service. */
    checkKeyService: async () => keys?.check(),

    /**
     * Makes a member with a wallet that the key service derives, for somebody who has none. Public things are stored, nothing else.
     * `arrival` begins a session for the new member, who has an hour to add a passkey; undefined when somebody else signs a person up.
     * Errors: `tee_unavailable`, `user_exists`.
     */
    async signUp({
      email,
      userId,
      role = 'member',
      arrival,
    }: {
      email: string;
      userId: string;
      role?: 'member' | 'guest';
      arrival: { userAgent: string; ip: string } | undefined;
    }) {
      const path = walletPath({ subject: { userId }, version: 1, algorithm: 'secp256k1' });
      const key = keyOf(await service().publicKey({ path, algorithm: 'secp256k1' }), {
        algorithm: 'secp256k1',
        version: 1,
        purpose: path,
        createdAt: now(),
      });
      const address = addressOfPublicKey(Buffer.from(key.publicKey.slice(2), 'hex'));
      const id = randomUuid(random);
      const mail = email.toLowerCase();
      const started = await database.transaction(async (tx) => {
        const taken = await store.findUserByName(tx, { email: mail, userId });
        if (taken || !(await store.takeUserId(tx, userId)) || (await accountStore.findAccount(tx, address))) {
          const which = taken?.email === mail ? `the e-mail address ${email}` : `the user id ${userId}`;
          throw new IdentityError('user_exists', 409, `Somebody has signed up with ${which} already. Choose another one, or sign in.`);
        }
        const createdAt = now();
        const account: Account = { address, role, createdAt, expiresAt: arrival ? createdAt + confirmWithinMs : null };
        await accountStore.putAccount(tx, account);
        await store.insertUser(tx, { id, email: mail, user_id: userId, address, public_key: key.publicKey, created_at: account.createdAt });
        await store.insertKey(tx, rowOf(address, key));
        return arrival && sessions.start(tx, { account, ...arrival });
      });
      return { user: { id, email: mail, address, pubKeyHex: key.publicKey }, started };
    },

    /** The wallet of an account, newest version first. Errors: `tee_unavailable`, `tee_failed`. */
    walletKeys: keysOf,

    /** The user id that an account signed up with. */
    async userIdOf(account: Address): Promise<string | undefined> {
      return (await store.findUser(database.read, account))?.user_id;
    },

    /** The next version of both keys. What was signed with the old ones stays valid, and they can still be asked for by version. */
    async rotateWallet(account: Address): Promise<WalletKey[]> {
      const current = Math.max(...(await keysOf(account)).map(({ version }) => version));
      const subject = await subjectOf(account);
      await Promise.all(walletAlgorithm.options.map((algorithm) => deriveKey(account, subject, { algorithm, version: current + 1 })));
      return keysOf(account);
    },

    /** Errors: `tee_unavailable`, `tee_failed`, `message_invalid`, `wallet_unknown`. */
    async signWithWallet(account: Address, request: SignRequest): Promise<SignAnswer> {
      const { algorithm, data } = whatIsSigned(request);
      const { purpose } = await keyFor(account, algorithm, request.version);
      const { signature, chain } = await service().sign({ path: purpose, algorithm, data });
      return {
        signature,
        signature_chain: [chain[0], chain[1]],
        ...(request.scheme === 'transaction' && { signedTransaction: signedTransaction(request, Buffer.from(signature.slice(2), 'hex')) }),
      };
    },

    /** Errors: `message_invalid`. */
    verifySignature: (request: VerifyRequest): VerifyAnswer => verifySigned(request, { appId: keys?.service.appId, trustedRoots }),

    /** Who signed up, oldest first. `next` is where the following page begins, or null. */
    async walletUsers({ after = 0, search, limit }: { after?: number; search?: string | undefined; limit: number }) {
      const like = search === undefined || search === '' ? undefined : `%${search.toLowerCase().replaceAll(/[!%_]/g, '!$&')}%`;
      const rows = await store.listUsers(database.read, { after, like, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return { users: page.map(userOf), next: rows.length > limit ? (page.at(-1)?.position ?? null) : null };
    },
  };
}

function keyOf(
  { publicKey, chain }: PublicKeyProof,
  of: { algorithm: WalletAlgorithm; version: number; purpose: string; createdAt: number },
): WalletKey {
  return {
    ...of,
    publicKey: toHex(publicKey),
    address: of.algorithm === 'ed25519' ? solanaAddress(publicKey) : addressOfPublicKey(publicKey),
    signatureChain: [chain[0], chain[1]],
  };
}

const rowOf = (account: Address, { algorithm, version, publicKey, address, purpose, signatureChain, createdAt }: WalletKey) => ({
  account,
  algorithm,
  version,
  public_key: publicKey,
  address,
  purpose,
  chain: JSON.stringify(signatureChain),
  created_at: createdAt,
});

const keyIn = (row: store.KeyRow): WalletKey => ({
  algorithm: walletAlgorithm.parse(row.algorithm),
  version: row.version,
  publicKey: row.public_key,
  address: row.address,
  purpose: row.purpose,
  signatureChain: keyChain.parse(JSON.parse(row.chain)),
  createdAt: row.created_at,
});

const userOf = ({ id, email, user_id, public_key, address, created_at }: store.UserRow): WalletUser => ({
  id,
  email,
  userId: user_id,
  pubKeyHex: public_key,
  address,
  createdAt: new Date(created_at).toISOString(),
});
