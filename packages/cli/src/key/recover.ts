import { addressOfPublicKey, hashTypedData, receiptTypedData, type Address, type Hex, type SignedReceipt } from '@freehold/protocol';
import secp256k1 from 'secp256k1';

/** Whoever signed these 32 bytes, or undefined when nobody can have. */
export function recoverSigner(digest: Uint8Array, signature: Hex): Address | undefined {
  const bytes = Buffer.from(signature.slice(2), 'hex');
  try {
    return addressOfPublicKey(secp256k1.ecdsaRecover(bytes.subarray(0, 64), (bytes[64] ?? 0) - 27, digest, false));
  } catch {
    return undefined;
  }
}

export const isSignedBy = ({ receipt, signer, signature }: SignedReceipt): boolean =>
  recoverSigner(hashTypedData(receiptTypedData(receipt)), signature) === signer;
