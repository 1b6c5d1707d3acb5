import { z } from 'zod';
import { address } from './address.ts';
import type { TypedData } from './eip712.ts';
import { bytes32, signature, toHex } from './hex.ts';
import { atomicAmount } from './money.ts';
import { network } from './network.ts';
import { cid } from './cid.ts';
import { offerId } from './offer.ts';
import { fromJsonHeader, toJsonHeader } from './header.ts';

/** What was run, for whom, at what price, with which result: signed by the node. */
export const receipt = z.strictObject({
  version: z.literal(1),
  task: cid,
  offer: offerId,
  /** The wallet that paid; the zero address when nothing was paid. */
  payer: address,
  network,
  asset: address,
  amount: atomicAmount,
  /** Nonce of the EIP-3009 authorization, or what names the voucher; zero when nothing was paid. */
  nonce: bytes32,
  /** Transaction that moved the money; zero when nothing was paid, and when it was paid by a voucher, which the chain hears of later. */
  transaction: bytes32,
  /** sha256 of what the program wrote to standard output. */
  output: bytes32,
  /** Instructions that ran, where they are counted: the same whoever runs the task again. */
  fuel: z.number().int().nonnegative().optional(),
  /** Milliseconds since the epoch. */
  issuedAt: z.number().int().positive(),
});
export type Receipt = z.output<typeof receipt>;

export const signedReceipt = z.strictObject({ receipt, signer: address, signature });
export type SignedReceipt = z.output<typeof signedReceipt>;

export function receiptTypedData({ fuel, ...document }: Receipt): TypedData {
  return {
    domain: { name: 'Freehold receipt', version: '1' },
    domainFields: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
    ],
    primaryType: 'Receipt',
    fields: [
      { name: 'task', type: 'string' },
      { name: 'offer', type: 'bytes32' },
      { name: 'payer', type: 'address' },
      { name: 'network', type: 'string' },
      { name: 'asset', type: 'address' },
      { name: 'amount', type: 'uint256' },
      { name: 'nonce', type: 'bytes32' },
      { name: 'transaction', type: 'bytes32' },
      { name: 'output', type: 'bytes32' },
      // A receipt without it is signed as it was before there was one.
      ...(fuel === undefined ? [] : [{ name: 'fuel', type: 'uint64' } as const]),
      { name: 'issuedAt', type: 'uint64' },
    ],
    message: {
      ...document,
      version: '1',
      offer: `0x${document.offer}`,
      issuedAt: String(document.issuedAt),
      ...(fuel !== undefined && { fuel: String(fuel) }),
    },
  };
}

/** Header of an answer that carries the signed receipt as base64 of its JSON. */
export const receiptHeader = 'x-freehold-receipt';
export const encodeReceipt = (signed: SignedReceipt): string => toJsonHeader(signed);
/** Errors: ZodError, SyntaxError. */
export const decodeReceipt = (header: string): SignedReceipt => signedReceipt.parse(fromJsonHeader(header));

export const noHash = toHex(new Uint8Array(32));
