import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { recoverAddress } from '@freehold/identity';
import { hashTypedData, isOs402, offerIdOf, offerTypedData, Os402Error, readOs402, signedOffer } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { print } from '../output.ts';

const mostBytes = 1024 * 1024;
/** `offer verify FILE|URL`: whether a document is what its seller signed. Needs no node to be trusted. Errors: CliError. */
export async function verifyOffer(source: string, { json }: { json?: boolean | undefined }, context: Context): Promise<void> {
  const isUrl = /^https?:\/\//.test(source);
  const text = isUrl ? await fetchText(source, context) : readText(resolve(context.cwd, source));
  const value = parse(text);
  const hash = os402HashIn(value);
  if (isUrl && hash !== undefined) return verifyOffer(new URL(`/${hash}`, source).href, { json }, context);
  const found = isOs402(value) ? verifyTheirs(text) : verifyOurs(value);
  const [asked] = isUrl ? (/[0-9a-f]{64}/.exec(new URL(source).pathname) ?? []) : [];
  if (asked !== undefined && asked !== found.id) throw invalid(`The address names ${asked}, and the document is ${found.id}.`);
  const isExpired = found.expiresAt <= context.now();
  print(context, {
    json,
    value: { ...found, isExpired },
    text: [
      `${found.name} was signed by ${found.owner}`,
      `  id       ${found.id}`,
      `  expires  ${new Date(found.expiresAt).toISOString()}${isExpired ? ' (expired)' : ''}`,
    ].join('\n'),
  });
  if (isExpired)
    throw new CliError('The signature holds, and the offer has expired.', { advice: 'Its seller can renew it: freehold offer renew NAME' });
}

/** What a node says of an offer that it made of a document of OS402: then that one is what was signed. */
const os402HashIn = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && 'os402' in value && typeof value.os402 === 'string' ? value.os402 : undefined;

type Found = { kind: 'freehold' | 'os402'; id: string; name: string; owner: string; expiresAt: number };

function verifyOurs(value: unknown): Found {
  const parsed = signedOffer.safeParse(
    value && typeof value === 'object' && 'offer' in value && 'signature' in value
      ? { offer: value.offer, signature: value.signature }
      : value,
  );
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(`This is no signed offer: ${issue?.path.join('.') || 'it'} ${issue?.message ?? 'is wrong'}.`);
  }
  const { offer, signature } = parsed.data;
  if (recoverAddress(hashTypedData(offerTypedData(offer)), signature) !== offer.owner)
    throw invalid('The signature does not belong to the owner of the offer, or the offer was changed after signing.');
  return { kind: 'freehold', id: offerIdOf(offer), name: offer.name, owner: offer.owner, expiresAt: offer.expiresAt };
}

function verifyTheirs(text: string): Found {
  try {
    const { hash, offer } = readOs402(text, recoverAddress);
    return { kind: 'os402', id: hash, name: offer.name ?? hash.slice(0, 12), owner: offer.owner, expiresAt: offer.valid_until * 1000 };
  } catch (cause) {
    if (cause instanceof Os402Error) throw invalid(cause.message, cause);
    throw cause;
  }
}

const invalid = (message: string, cause?: unknown) =>
  new CliError(message, { advice: 'Do not pay for it: ask its seller for the document.', cause });

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('This is no JSON, so it is no signed offer.', cause);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'Check the name.',
      cause,
    });
  }
}

async function fetchText(url: string, { signal }: Context): Promise<string> {
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } }).catch((cause: unknown) => {
    throw new CliError(`${url} does not answer.`, { advice: 'Check the address.', cause });
  });
  const text = await response.text();
  if (!response.ok || text.length > mostBytes)
    throw new CliError(`${url} answered ${response.status}${response.ok ? ' with too much for an offer' : ''}.`, {
      advice: 'Check the address.',
    });
  return text;
}
