import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { canonicalJson, secretDocument, storedSecret, type Offer } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import type { NodeClient } from '../node/client.ts';

/** A secret that an offer names, and the bytes that only the node gets. */
export type Secret = { secret: NonNullable<Offer['secret']>; commitment: string; bytes: Uint8Array<ArrayBuffer> };

/**
 * Makes the secret document of `--private-env` and `--private-input`. Its salt makes the hash in the public offer tell nothing,
 * however short the secret is. Errors: CliError.
 */
export function makeSecret(
  { privateEnv = [], privateInput }: { privateEnv?: string[] | undefined; privateInput?: string | undefined },
  { cwd, random }: Pick<Context, 'cwd' | 'random'>,
): Secret | undefined {
  if (privateEnv.length === 0 && privateInput === undefined) return undefined;
  const document = {
    salt: Buffer.from(random(32)).toString('hex'),
    ...(privateEnv.length > 0 && { env: readVariables(privateEnv, '--private-env', cwd) }),
    ...(privateInput !== undefined && { input: readBytes(privateInput, cwd).toString('base64') }),
  };
  const parsed = secretDocument.safeParse(document);
  if (!parsed.success) throw usageError(`The secret cannot be offered: ${parsed.error.issues[0]?.path.join('.')} is too long or no name.`);
  const bytes = new TextEncoder().encode(canonicalJson(document));
  const commitment = createHash('sha256').update(bytes).digest('hex');
  return {
    secret: { ...(document.env && { env: commitment }), ...(document.input !== undefined && { input: commitment }) },
    commitment,
    bytes,
  };
}

export const uploadSecret = (client: NodeClient, { commitment, bytes }: Secret): Promise<unknown> =>
  client.put(`/api/secrets/${commitment}`, bytes, storedSecret);

/** `NAME=value`, or `@file` with one of them a line. A value is never part of an error message. Errors: CliError. */
export function readVariables(texts: readonly string[], option: string, cwd: string): Record<string, string> {
  const lines = texts.flatMap((text) =>
    text.startsWith('@')
      ? readBytes(text.slice(1), cwd)
          .toString()
          .split(/\r?\n/)
          .filter((line) => line !== '' && !line.startsWith('#'))
      : [text],
  );
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      if (at < 1) throw usageError(`${option} must be NAME=value, or @file with one a line.`, `Example: ${option} TOKEN=abc`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

export function readBytes(file: string, cwd: string): Buffer {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (cause) {
    throw new CliError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'Check the name.',
      cause,
    });
  }
}
