import type { Address, Authorization, Hex } from '@freehold/protocol';
import { encodeFunctionData, type Client, type Log } from 'viem';
import { getLogs, readContract } from 'viem/actions';
import { parseEventLogs } from 'viem';
import { contractWalletAbi, contractWalletYes, tokenAbi } from './abi.ts';

/** Any viem client of the chain; only its `request` is used. */
export type ChainClient = Client;

/** Atomic units. */
export const balanceOf = (client: ChainClient, { asset, holder }: { asset: Address; holder: Address }): Promise<bigint> =>
  readContract(client, { address: asset, abi: tokenAbi, functionName: 'balanceOf', args: [holder] });

/** True once the authorization was used or cancelled: it can never move money again. */
export const authorizationState = (
  client: ChainClient,
  { asset, payer, nonce }: { asset: Address; payer: Address; nonce: Hex },
): Promise<boolean> => readContract(client, { address: asset, abi: tokenAbi, functionName: 'authorizationState', args: [payer, nonce] });

/** ERC-1271. A wallet that reverts, or answers anything but the magic value, does not vouch. */
export async function vouchesFor(
  client: ChainClient,
  { wallet, digest, signature }: { wallet: Address; digest: Hex; signature: Hex },
): Promise<boolean> {
  const answer = await readContract(client, {
    address: wallet,
    abi: contractWalletAbi,
    functionName: 'isValidSignature',
    args: [digest, signature],
  });
  return answer === contractWalletYes;
}

/**
 * Calldata that carries an authorization to the token. A key's signature goes in the (v, r, s) form, which every EIP-3009
 * token has; anything else in the bytes form, which the token hands to the contract wallet.
 */
export function transferWithAuthorization({ authorization, signature }: { authorization: Authorization; signature: Hex }): Hex {
  const { from, to, value, validAfter, validBefore, nonce } = authorization;
  const args = [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce] as const;
  const functionName = 'transferWithAuthorization';
  const isKeySignature = /^0x[0-9a-f]{128}1[bc]$/i.test(signature);
  if (!isKeySignature) return encodeFunctionData({ abi: tokenAbi, functionName, args: [...args, signature] });
  const r: Hex = `0x${signature.slice(2, 66)}`;
  const s: Hex = `0x${signature.slice(66, 130)}`;
  return encodeFunctionData({ abi: tokenAbi, functionName, args: [...args, Number.parseInt(signature.slice(130), 16), r, s] });
}

type Transfer = { asset: Address; payer: Address; payTo: Address; amount: bigint; nonce: Hex };

/**
 * Whether these logs of one transaction show that the authorization moved this amount from payer to payee. The token writes
 * AuthorizationUsed and directly after it Transfer; a used nonce alone proves nothing, because its owner may also have spent
 * it on a transfer to somebody else (receiveWithAuthorization).
 */
export function showsTransfer(logs: readonly Log[], { asset, payer, payTo, amount, nonce }: Transfer): boolean {
  const events = parseEventLogs({ abi: tokenAbi, logs: logs.filter(({ address }) => address.toLowerCase() === asset.toLowerCase()) });
  const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return events.some((used) => {
    if (used.eventName !== 'AuthorizationUsed' || !isSame(used.args.authorizer, payer) || !isSame(used.args.nonce, nonce)) return false;
    const next = events.find(({ logIndex }) => logIndex === used.logIndex + 1);
    return next?.eventName === 'Transfer' && isSame(next.args.from, payer) && isSame(next.args.to, payTo) && next.args.value === amount;
  });
}

/** Hash of the transaction that used this authorization within a range of blocks. */
export async function findAuthorizationUse(
  client: ChainClient,
  { asset, payer, nonce, fromBlock, toBlock }: { asset: Address; payer: Address; nonce: Hex; fromBlock: bigint; toBlock: bigint },
): Promise<Hex | undefined> {
  const logs = await getLogs(client, {
    address: asset,
    event: authorizationUsed,
    args: { authorizer: payer, nonce },
    fromBlock,
    toBlock,
  });
  return logs[0]?.transactionHash ?? undefined;
}

const authorizationUsed = {
  type: 'event',
  name: 'AuthorizationUsed',
  inputs: [
    { name: 'authorizer', type: 'address', indexed: true },
    { name: 'nonce', type: 'bytes32', indexed: true },
  ],
} as const;
