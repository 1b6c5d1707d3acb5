import { challenge, loginAnswer } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { requireKey } from '../key/require-key.ts';
import { openWallet, type Wallet } from '../key/wallet.ts';
import { openNodeClient, type NodeClient } from './client.ts';

/** The node, asked as the person whose key this is. */
export type SignedIn = { wallet: Wallet; client: NodeClient; node: string };

/**
 * Signs in for the length of one command and out again at its end, so that no session is left behind on the node or here.
 * Errors: CliError.
 */
export async function withSession<Result>(
  { node, key }: { node?: string | undefined; key?: string | undefined },
  context: Context,
  work: (session: SignedIn) => Promise<Result>,
): Promise<Result> {
  const origin = node ?? context.settings.node;
  const wallet = openWallet(await requireKey(key, context));
  const stranger = openNodeClient({ node: origin, signal: context.signal });
  const { nonce, message } = await stranger.post('/api/auth/challenge', { address: wallet.address }, challenge);
  const { token } = await stranger.post(
    '/api/auth/login',
    { nonce, signature: await wallet.signMessage(message), transport: 'bearer' },
    loginAnswer,
  );
  if (!token)
    throw new CliError(`${origin} signed ${wallet.address} in, and gave no token.`, {
      advice: 'Update the node: it is older than this command.',
    });
  const client = openNodeClient({ node: origin, token, signal: context.signal });
  try {
    return await work({ wallet, client, node: origin });
  } finally {
    await client.end('/api/auth/logout').catch(() => undefined);
  }
}
