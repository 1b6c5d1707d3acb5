import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { decryptKey, isKeystore } from './keystore.ts';
import { readPassword } from './password.ts';

/**
 * The private key that a command shall use: the one named, else FREEHOLD_KEY, else the key file. Undefined when there is none.
 * Takes `@file`, `env:NAME`, or 64 hexadecimal digits with or without 0x; a file may be encrypted (keystore.ts). Errors: CliError; no message ever holds the text of a key.
 */
export async function readKey(
  named: string | undefined,
  context: Pick<Context, 'settings' | 'cwd' | 'ask'>,
): Promise<Uint8Array | undefined> {
  const { settings, cwd } = context;
  const source = named ?? settings.key;
  if (source === undefined) {
    const text = readIfThere(settings.keyFile);
    return text === undefined ? undefined : keyIn(text, settings.keyFile, context);
  }
  if (source.startsWith('@')) {
    const file = resolve(cwd, source.slice(1));
    const text = readIfThere(file);
    if (text === undefined) throw new CliError(`There is no key file ${file}.`, { advice: `Make a key: freehold key new --out ${file}` });
    return keyIn(text, file, context);
  }
  if (source.startsWith('env:')) {
    const name = source.slice(4);
    const text = settings.variable(name);
    if (!text)
      throw new CliError(`The environment variable ${name} is not set.`, {
        advice: `Set it to a key, or name another source: --key @FILE`,
      });
    return keyIn(text, `the variable ${name}`, context);
  }
  return parseKey(source, named === undefined ? 'FREEHOLD_KEY' : '--key');
}

/** A key as it is, or encrypted. Errors: CliError. */
export async function keyIn(text: string, source: string, context: Pick<Context, 'settings' | 'cwd' | 'ask'>): Promise<Uint8Array> {
  if (!isKeystore(text)) return parseKey(text, source);
  return decryptKey(text, await readPassword(`Password of ${source}: `, context), source);
}

function parseKey(text: string, source: string): Uint8Array {
  const digits = text.trim().replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) {
    throw new CliError(`${source} does not hold a private key: 64 hexadecimal digits are expected.`, {
      advice: 'Make one: freehold key new --out FILE',
    });
  }
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliError(`The key file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      advice: `Check who may read it: ls -l ${file}`,
      cause: error,
    });
  }
}
