import type { Address, SolanaWallet } from '@freehold/protocol';

/** How long a person may take to sign, in milliseconds. */
export const challengeLifetime = 5 * 60_000;

/**
 * The text that a wallet signs to sign in, exactly by the grammar of EIP-4361 (Sign-In with Ethereum). The server writes it
 * and verifies over its own copy, so nothing that is sent back is ever parsed. Solana's wallets take the same text with their own kind of address. `origin` is one of the node's own (`http://host:port`).
 */
export function challengeMessage({
  wallet,
  chainId,
  origin,
  nonce,
  statement,
  issuedAt,
}: {
  wallet: Address | SolanaWallet;
  chainId: number;
  origin: string;
  nonce: string;
  statement: string;
  issuedAt: number;
}): string {
  const isSolana = wallet.startsWith('solana:');
  return [
    `${new URL(origin).host} wants you to sign in with your ${isSolana ? 'Solana' : 'Ethereum'} account:`,
    isSolana ? wallet.slice(7) : wallet,
    '',
    statement,
    '',
    `URI: ${origin}`,
    'Version: 1',
    `Chain ID: ${isSolana ? 'mainnet' : chainId}`,
    `Nonce: ${nonce}`,
    `Issued At: ${new Date(issuedAt).toISOString()}`,
    `Expiration Time: ${new Date(issuedAt + challengeLifetime).toISOString()}`,
  ].join('\n');
}

/** What EIP-4361 lets a statement hold: RFC 3986 reserved and unreserved characters and the space, on one line. */
export const isStatement = (text: string) => /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;= ]+$/.test(text);
