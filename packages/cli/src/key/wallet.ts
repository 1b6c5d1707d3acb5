import { addressOfPublicKey, hashPersonalMessage, hashTypedData, toHex, type Address, type Hex, type TypedData } from '@freehold/protocol';
import secp256k1 from 'secp256k1';
import { CliError } from '../error.ts';

/** A private key in use: it signs, and never shows itself. */
export type Wallet = {
  readonly address: Address;
  signTypedData(data: TypedData): Promise<Hex>;
  /** EIP-191 personal_sign. */
  signMessage(text: string): Promise<Hex>;
};

/** Errors: CliError when the 32 bytes are no private key of the curve. */
export function openWallet(key: Uint8Array): Wallet {
  if (key.length !== 32 || !secp256k1.privateKeyVerify(key)) {
    throw new CliError('This is not a private key: it must be 32 bytes within the order of secp256k1.', {
      advice: 'Make one: freehold key new --out FILE',
    });
  }
  const sign = (digest: Uint8Array): Hex => {
    const { signature, recid } = secp256k1.ecdsaSign(digest, key);
    return toHex(Uint8Array.of(...signature, 27 + recid));
  };
  return {
    address: addressOfPublicKey(secp256k1.publicKeyCreate(key, false)),
    signTypedData: async (data) => sign(hashTypedData(data)),
    signMessage: async (text) => sign(hashPersonalMessage(text)),
  };
}
