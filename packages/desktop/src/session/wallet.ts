import { FreeholdError, type Address, type Hex, type TypedData } from '@freehold/protocol';

/** Something that holds a key and signs when its person agrees: a wallet in the browser, or the local test wallet. */
export type Wallet = {
  /** Reverse domain name of EIP-6963, or `local` for the test wallet. Stable over reloads. */
  readonly id: string;
  readonly name: string;
  /** A data: URL, or null. */
  readonly icon: string | null;
  connect(): Promise<{ address: Address; chainId: number | undefined }>;
  /** EIP-191 `personal_sign`. */
  signMessage(address: Address, text: string): Promise<Hex>;
  /** EIP-712. */
  signTypedData(address: Address, data: TypedData): Promise<Hex>;
};

export class WalletError extends FreeholdError<
  'rejected' | 'busy' | 'no_account' | 'other_account' | 'no_wallet' | 'failed' | 'unavailable'
> {}
