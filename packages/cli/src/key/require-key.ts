import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { readKey } from './read-key.ts';

/** As readKey, for commands that cannot do without. Errors: CliError. */
export async function requireKey(named: string | undefined, context: Pick<Context, 'settings' | 'cwd' | 'ask'>): Promise<Uint8Array> {
  const key = await readKey(named, context);
  if (!key) throw noKey(context);
  return key;
}

export const noKey = ({ settings }: Pick<Context, 'settings'>, exitCode = 1): CliError =>
  new CliError('There is no key to sign with.', {
    exitCode,
    advice: `Make one: freehold key new --out ${settings.keyFile}   (or name yours: --key @FILE, FREEHOLD_KEY)`,
  });
