import type { Address, Hex } from '@freehold/protocol';

/**
 * Money that a payer has put aside for one payee on a chain: a channel, or a grant of the escrow. Its vouchers are cumulative. What is charged
 * never passes what is signed, and what is signed never passes the balance, so every call on it is paid for before it runs.
 */
export type Tab = {
  id: Hex;
  scheme: string;
  network: string;
  asset: Address;
  payer: Address;
  payee: Address;
  /** Whose vouchers count. */
  signer: Address;
  /** What the rail needs to know of it on the chain, as JSON text. */
  terms: string;
  /** All that may be claimed in all, as the chain said at `readAt`; atomic units, as the others. */
  balance: bigint;
  /** Already claimed on the chain. */
  claimed: bigint;
  /** What the calls came to, since the tab began. */
  charged: bigint;
  /** The highest voucher. */
  signed: bigint;
  signature: Hex;
  /** When the payer began to take his money back, in milliseconds; no call draws on it any more. */
  closingAt: number | undefined;
  refundNonce: bigint;
  /** The job that is changing it on the chain. */
  jobId: number | undefined;
  /** When the oldest charge was made that is not claimed. */
  unclaimedSince: number | undefined;
  readAt: number;
  usedAt: number;
};

/** What the chain says of a tab. */
export type TabState = Pick<Tab, 'balance' | 'claimed' | 'closingAt' | 'refundNonce'> & {
  /** Nothing more can be claimed on it. */
  isOver: boolean;
  /** Where the chain is what says so. */
  signer?: Address;
  terms?: string;
};

export const noSignature: Hex = '0x';
