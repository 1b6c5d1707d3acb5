import { recoverAddress } from '@freehold/identity';
import { hashTypedData, receiptTypedData, type SignedReceipt } from '@freehold/protocol';

/** Whether a receipt was signed by the key that it names. */
export const isSignedBy = ({ receipt, signer, signature }: SignedReceipt): boolean =>
  recoverAddress(hashTypedData(receiptTypedData(receipt)), signature) === signer;
