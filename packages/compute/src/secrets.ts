import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { secretDocument, type Address, type Offer } from '@freehold/protocol';
import { z } from 'zod';
import type { Run } from './engine.ts';
import { ComputeError } from './error.ts';
import type { SecretStore } from './store/secrets.ts';

export const secretSizeLimit = 256 * 1024;

const cipher = 'aes-256-gcm';
const [ivSize, tagSize] = [12, 16];

/** What is sealed: the variables and the input alone. The salt has done its work when the commitment was made. */
const content = z.strictObject({ env: z.record(z.string(), z.string()).optional(), input: z.base64().optional() });
type Content = z.output<typeof content>;

type Stdin = Buffer | AsyncIterable<Uint8Array>;

/** Whose secrets a run is given, by their commitments. */
export type SecretRef = { owner: Address } & NonNullable<Offer['secret']>;

export type Secrets = ReturnType<typeof openSecrets>;

/**
 * What only the program gets to see. A seller uploads it apart from the offer, which holds its sha256; here it is sealed with a key
 * that is not in the database, and opened when the program is started. It is found under the seller's own address only: others can
 * read the commitment in the offer, and must not get the secret by selling a program that prints it.
 */
export function openSecrets({ store, key, now }: { store: SecretStore; key: Uint8Array; now: () => number }) {
  const sealingKey = Buffer.from(hkdfSync('sha256', key, '', 'freehold offer secrets', 32));
  const placeOf = (owner: Address, commitment: string) => Buffer.from(`${owner} ${commitment}`);

  function seal(owner: Address, commitment: string, plain: Content): Buffer {
    const iv = randomBytes(ivSize);
    const sealing = createCipheriv(cipher, sealingKey, iv, { authTagLength: tagSize }).setAAD(placeOf(owner, commitment));
    const sealed = Buffer.concat([sealing.update(JSON.stringify(plain), 'utf8'), sealing.final()]);
    return Buffer.concat([iv, sealing.getAuthTag(), sealed]);
  }

  async function open(owner: Address, commitment: string | undefined): Promise<Content> {
    if (commitment === undefined) return {};
    const found = await store.get(owner, commitment);
    if (!found) throw missing(commitment);
    const sealed = Buffer.from(found);
    const opening = createDecipheriv(cipher, sealingKey, sealed.subarray(0, ivSize), { authTagLength: tagSize })
      .setAAD(placeOf(owner, commitment))
      .setAuthTag(sealed.subarray(ivSize, ivSize + tagSize));
    try {
      return content.parse(JSON.parse(Buffer.concat([opening.update(sealed.subarray(ivSize + tagSize)), opening.final()]).toString()));
    } catch (cause) {
      // Of the key or the disk; the cause says nothing of what is sealed.
      throw new ComputeError(
        'secret_unknown',
        503,
        'The secret of this function cannot be opened on this node: its key has changed. Its seller must upload it again.',
        { cause: cause instanceof Error ? cause.name : undefined },
      );
    }
  }

  function checkCommitment(bytes: Uint8Array, commitment: string): void {
    const arrived = createHash('sha256').update(bytes).digest('hex');
    if (arrived !== commitment)
      throw invalid(`The sha256 of what arrived is ${arrived}, not ${commitment}. Send the very bytes that were hashed.`);
  }

  return {
    /** Takes in a secret document: salted, so that its sha256 tells nothing. Errors: `secret_invalid`. */
    async add(owner: Address, commitment: string, bytes: Uint8Array): Promise<void> {
      checkCommitment(bytes, commitment);
      const { env, input } = readDocument(bytes);
      await store.put({ owner, commitment, sealed: seal(owner, commitment, { env, input }), now: now() });
    },

    /** Takes in what OS402's sellers upload: variables as a JSON object, or input as it is. Without salt, as their hashes are. Errors: `secret_invalid`. */
    async addOs402(owner: Address, commitment: string, bytes: Uint8Array, part: 'env' | 'stdin'): Promise<void> {
      checkCommitment(bytes, commitment);
      const plain = part === 'env' ? { env: readVariables(bytes) } : { input: Buffer.from(bytes).toString('base64') };
      await store.put({ owner, commitment, sealed: seal(owner, commitment, plain), now: now() });
    },

    list: store.list,
    remove: store.remove,

    /** Refuses an offer whose secrets are not here, are of another kind, or hide a variable that the offer declares. Errors: `secret_unknown`, `offer_invalid`. */
    async check({ owner, secret, env: declared = {} }: Offer): Promise<void> {
      if (!secret) return;
      const { env } = await open(owner, secret.env);
      const { input } = await open(owner, secret.input);
      const refuse = (message: string) => new ComputeError('offer_invalid', 422, message);
      if (secret.env !== undefined && env === undefined) throw refuse('The secret that "secret.env" names holds no variables.');
      if (secret.input !== undefined && input === undefined) throw refuse('The secret that "secret.input" names holds no input.');
      const both = Object.keys(env ?? {}).find((name) => name in declared);
      if (both !== undefined) throw refuse(`The variable ${both} is in the offer and in its secret. Leave it out of one of them.`);
    },

    /** The run with its secrets. What the task's id tells of goes first: it is seen as it was promised. */
    async deliver({ secret, ...run }: Run, stdin: Stdin): Promise<{ run: Run; stdin: Stdin }> {
      if (!secret) return { run, stdin };
      const [{ env }, { input }] = [await open(secret.owner, secret.env), await open(secret.owner, secret.input)];
      const before = Buffer.from(input ?? '', 'base64');
      return {
        run: { ...run, env: { ...env, ...run.env } },
        stdin: before.length === 0 ? stdin : Buffer.isBuffer(stdin) ? Buffer.concat([before, stdin]) : after(before, stdin),
      };
    },
  };
}

async function* after(before: Buffer, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield before;
  yield* rest;
}

const invalid = (message: string) => new ComputeError('secret_invalid', 422, message);
const missing = (commitment: string) =>
  new ComputeError(
    'secret_unknown',
    422,
    `The secret ${commitment} is not on this node. Its seller uploads it with PUT /api/secrets/${commitment}.`,
  );

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    // Its message would quote the secret.
    throw invalid('The secret is not valid JSON.');
  }
}

function readDocument(bytes: Uint8Array): Content {
  const parsed = secretDocument.safeParse(readJson(bytes));
  if (parsed.success) return { env: parsed.data.env, input: parsed.data.input };
  throw invalid(
    `${parsed.error.issues[0]?.path[0]?.toString() ?? 'The secret'}: ${parsed.error.issues[0]?.code === 'unrecognized_keys' ? 'has unknown fields' : 'is not valid'}. It is {"salt": 32 to 128 hexadecimal digits, "env": {"NAME": "value"}, "input": base64}.`,
  );
}

function readVariables(bytes: Uint8Array): Record<string, string> {
  const parsed = secretDocument.shape.env.unwrap().safeParse(readJson(bytes));
  if (parsed.success) return parsed.data;
  throw invalid('The private variables must be a JSON object of names and texts: {"NAME": "value"}.');
}
