import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';

/**
 * The private key that a command shall use: the one named, else FREEHOLD_KEY, else the key file. Undefined when there is none.
 * Takes `@file`, `env:NAME`, or 64 hexadecimal digits with or without 0x. Errors: CliError; no message ever holds the text of a key.
 */
export function readKey(named: string | undefined, { settings, cwd }: Pick<Context, 'settings' | 'cwd'>): Uint8Array | undefined {
  const source = named ?? settings.key;
  if (source === undefined) {
    const text = readIfThere(settings.keyFile);
    return text === undefined ? undefined : parseKey(text, settings.keyFile);
  }
  if (source.startsWith('@')) {
    const file = resolve(cwd, source.slice(1));
    const text = readIfThere(file);
    if (text === undefined) throw new CliError(`There is no key file ${file}.`, { advice: `Make a key: freehold key new --out ${file}` });
    return parseKey(text, file);
  }
  if (source.startsWith('env:')) {
    const name = source.slice(4);
    const text = settings.variable(name);
    if (!text)
      throw new CliError(`The environment variable ${name} is not set.`, {
        advice: `Set it to a key, or name another source: --key @FILE`,
      });
    return parseKey(text, `the variable ${name}`);
  }
  return parseKey(source, named === undefined ? 'FREEHOLD_KEY' : '--key');
}

/** As readKey, for commands that cannot do without. Errors: CliError. */
export function requireKey(named: string | undefined, context: Pick<Context, 'settings' | 'cwd'>, exitCode = 1): Uint8Array {
  const key = readKey(named, context);
  if (!key) {
    throw new CliError('There is no key to sign with.', {
      exitCode,
      advice: `Make one: freehold key new --out ${context.settings.keyFile}   (or name yours: --key @FILE, FREEHOLD_KEY)`,
    });
  }
  return key;
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
