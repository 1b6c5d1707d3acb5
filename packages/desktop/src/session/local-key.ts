import {
  address,
  bytes32,
  hashPersonalMessage,
  hashTypedData,
  signature,
  toHex,
  type Address,
  type Hex,
  type TypedData,
} from '@freehold/protocol';
import { generatePrivateKey, privateKeyToAddress, sign } from 'viem/accounts';

/** The elliptic-curve half of the local test wallet: a file of its own, loaded only by those who have such a wallet. */
export type LocalKey = {
  address: Address;
  privateKey: Hex;
  signMessage(text: string): Promise<Hex>;
  signTypedData(data: TypedData): Promise<Hex>;
};

export const newPrivateKey = (): Hex => generatePrivateKey();

export function openLocalKey(secret: string): LocalKey {
  const privateKey = bytes32.parse(secret);
  const signDigest = async (digest: Uint8Array) => signature.parse(await sign({ hash: toHex(digest), privateKey, to: 'hex' }));
  return {
    address: address.parse(privateKeyToAddress(privateKey)),
    privateKey,
    signMessage: (text) => signDigest(hashPersonalMessage(text)),
    signTypedData: (data) => signDigest(hashTypedData(data)),
  };
}
