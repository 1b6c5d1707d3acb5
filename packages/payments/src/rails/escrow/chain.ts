import { escrowAbi, escrowOpenNonce, multicall3Abi } from '@freehold/contracts';
import {
  hashTypedData,
  receiveAuthorizationTypedData,
  zeroAddress,
  type Address,
  type EscrowOpening,
  type Hex,
  type Token,
} from '@freehold/protocol';
import { encodeFunctionData } from 'viem';
import { readContract } from 'viem/actions';
import { z } from 'zod';
import type { Errand } from '../../jobs/carry.ts';
import type { Incoming } from '../../tabs/intake.ts';
import type { Tab, TabState } from '../../tabs/tab.ts';
import type { Chain } from '../exact/chain.ts';
import { isKeySignature } from '../exact/signature.ts';
import type { Recover } from '../exact/verify.ts';
import type { GrantId } from './verify.ts';

const terms = z.object({ epoch: z.number().int(), priceCap: z.string().transform(BigInt) });
export const termsOf = (tab: Pick<Tab, 'terms'>): { epoch: number; priceCap: bigint } => terms.parse(JSON.parse(tab.terms));
export const termsText = (epoch: number, priceCap: bigint): string => JSON.stringify({ epoch, priceCap: String(priceCap) });

/** What the contract says of a grant. One of another epoch is over: nothing can be claimed on it any more. */
export async function readGrant({
  chain,
  escrow,
  grant: { payer, provider, epoch },
  nowMs,
}: {
  chain: Chain;
  escrow: Address;
  grant: Omit<GrantId, 'id'>;
  nowMs: number;
}): Promise<TabState> {
  const read = await readContract(chain.client, { address: escrow, abi: escrowAbi, functionName: 'grant', args: [payer, provider] });
  if (read.epoch !== epoch) return { balance: 0n, claimed: 0n, refundNonce: 0n, closingAt: nowMs, isOver: true };
  return {
    balance: read.budget,
    claimed: read.spent,
    refundNonce: 0n,
    closingAt: read.unlockAt === 0 ? undefined : read.unlockAt * 1000,
    isOver: read.unlockAt !== 0 && read.unlockAt * 1000 <= nowMs,
    ...(read.budget > 0n && {
      signer: read.signer === zeroAddress ? payer : read.signer,
      terms: termsText(epoch, read.priceCap),
    }),
  };
}

export type Voucher = { payer: Address; epoch: number; cumulative: bigint; signature: Hex };

/**
 * Pays providers by vouchers on grants of many payers: in one transaction where the chain has something for several calls. Vouchers that do
 * not count any more are skipped by the contract.
 */
export function settleErrands(
  { escrow, multicall3 }: { escrow: Address; multicall3?: Address },
  byProvider: ReadonlyMap<Address, readonly Voucher[]>,
): Errand[] {
  const calls = [...byProvider].map(([provider, vouchers]) => ({
    target: escrow,
    callData: encodeFunctionData({ abi: escrowAbi, functionName: 'settle', args: [provider, vouchers] }),
  }));
  if (multicall3 === undefined || calls.length < 2) return calls.map(({ callData }) => ({ to: escrow, data: callData }));
  return [{ to: multicall3, data: encodeFunctionData({ abi: multicall3Abi, functionName: 'tryAggregate', args: [true, calls] }) }];
}

/** A grant that is opened or raised with a call. */
export function openingOf(
  { escrow, token, recover }: { escrow: Address; token: Token; recover: Recover },
  { payer, provider }: GrantId,
  opening: EscrowOpening,
): Incoming {
  const { signer, salt, signature, validAfter, validBefore } = opening;
  const terms = { payer, provider, priceCap: BigInt(opening.priceCap), budget: BigInt(opening.budget), signer, salt };
  const nonce = escrowOpenNonce(terms);
  const amount = BigInt(opening.amount);
  const message = { from: payer, to: escrow, value: opening.amount, validAfter, validBefore, nonce };
  const digest = hashTypedData(receiveAuthorizationTypedData({ message, asset: token.asset, caip2: token.network, domain: token.domain }));
  const times = { amount, validAfter: BigInt(validAfter), validBefore: BigInt(validBefore) };
  return {
    asset: token.asset,
    payer,
    amount,
    nonce,
    isKeySigned: isKeySignature(signature) && recover(digest, signature) === payer,
    errand: {
      to: escrow,
      data: encodeFunctionData({ abi: escrowAbi, functionName: 'openWithAuthorization', args: [{ ...terms, ...times }, signature] }),
    },
  };
}
