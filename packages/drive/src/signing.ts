import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Database } from '@freehold/database';
import { DriveError } from './error.ts';
import { signingRows } from './store/signing.ts';

/** How long a link is good for when nobody says otherwise: an editor that is open for a day. In milliseconds. */
const standardLifetime = 24 * 3_600_000;

export type LinkAction = 'read' | 'write';
/** Who made a link: its rights, looked at when the link is used, bound what the link can do. */
export type LinkMaker = { account: string; app: string | undefined };
/** As it stands in a URL; `expires` in seconds, as Puter has it. */
export type Signature = { expires: number; signature: string };

/**
 * Links that carry their own proof: an HMAC over what they are for and until when. Nothing is stored of a link. It ends when it
 * expires, and with all others of its maker when these are revoked.
 *
 * The key is random and lives in the database, so that every node of it takes the links of the others. It opens nothing else, and no
 * money hangs on it.
 */
export function openSigning({
  database,
  now,
  randomFill,
}: {
  database: Database;
  now: () => number;
  randomFill: (bytes: Uint8Array) => void;
}) {
  let known: Promise<Uint8Array> | undefined;

  async function findOrMake(): Promise<Uint8Array> {
    const found = await signingRows(database.read).secret();
    if (found) return found;
    const secret = new Uint8Array(32);
    randomFill(secret);
    return database.transaction(async (tx) => {
      await signingRows(tx).putSecret(secret);
      return (await signingRows(tx).secret()) ?? secret;
    });
  }

  const key = () => {
    known ??= findOrMake().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };

  /** Fields are told apart by JSON, so that none can lend characters to its neighbour. */
  const mac = async (fields: readonly (string | number)[]) =>
    createHmac('sha256', await key())
      .update(JSON.stringify(fields))
      .digest('base64url');

  const linkMac = (link: { entry: string; action: LinkAction; expires: number }, { account, app = '' }: LinkMaker, generation: number) =>
    mac(['link', link.entry, link.action, link.expires, account, app, generation]);

  function checkTime(expires: number): void {
    if (expires * 1000 <= now()) throw new DriveError('signature_expired', 'This link has expired. Ask for a new one where you got it.');
  }

  return {
    /** A signature for one entry; the caller has checked that its maker may do this. One for writing is good for reading, too. */
    async sign({
      entry,
      action,
      maker,
      lifetime = standardLifetime,
    }: {
      entry: string;
      action: LinkAction;
      maker: LinkMaker;
      lifetime?: number;
    }) {
      const expires = Math.ceil((now() + lifetime) / 1000);
      const generation = (await signingRows(database.read).generation(maker.account)) ?? 0;
      const proof = await linkMac({ entry, action, expires }, maker, generation);
      return { expires, signature: [encode(maker.account), encode(maker.app ?? ''), proof].join('.') } satisfies Signature;
    },

    /** Who made the link. Errors: `signature_invalid`, also when it was revoked or is for another entry or for less; `signature_expired`. */
    async verify({ entry, action, expires, signature }: { entry: string; action: LinkAction } & Signature): Promise<LinkMaker> {
      const [account, app, proof, ...more] = signature.split('.');
      if (!account || app === undefined || !proof || more.length > 0) throw invalid();
      const maker: LinkMaker = { account: decode(account), app: app === '' ? undefined : decode(app) };
      const generation = (await signingRows(database.read).generation(maker.account)) ?? 0;
      const actions: LinkAction[] = action === 'read' ? ['read', 'write'] : ['write'];
      const expected = await Promise.all(actions.map((each) => linkMac({ entry, action: each, expires }, maker, generation)));
      if (!expected.some((each) => isEqual(each, proof))) throw invalid();
      checkTime(expires);
      return maker;
    },

    /** Ends every link that an account or its apps have made. */
    revoke: (account: string): Promise<void> => database.transaction((tx) => signingRows(tx).endGeneration(account)),

    /** A signature for sending one part of an upload, which ends with the upload. */
    async signPart({ upload, part, lifetime = standardLifetime }: { upload: string; part: number; lifetime?: number }): Promise<Signature> {
      const expires = Math.ceil((now() + lifetime) / 1000);
      return { expires, signature: await mac(['part', upload, part, expires]) };
    },

    /** Errors: `signature_invalid`, `signature_expired`. */
    async verifyPart({ upload, part, expires, signature }: { upload: string; part: number } & Signature): Promise<void> {
      if (!isEqual(await mac(['part', upload, part, expires]), signature)) throw invalid();
      checkTime(expires);
    },
  };
}

const encode = (text: string) => Buffer.from(text).toString('base64url');
const decode = (text: string) => Buffer.from(text, 'base64url').toString();

function isEqual(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const invalid = () => new DriveError('signature_invalid', 'This link is not valid: it was changed or revoked. Ask for a new one.');
