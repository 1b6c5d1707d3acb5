/** The part of `secp256k1` that Freehold uses; the package brings no types. Every function throws an Error for values outside the curve. */
declare module 'secp256k1' {
  const secp256k1: {
    privateKeyVerify(privateKey: Uint8Array): boolean;
    publicKeyConvert(publicKey: Uint8Array, compressed: boolean): Uint8Array;
    publicKeyCreate(privateKey: Uint8Array, compressed: boolean): Uint8Array;
    /** RFC 6979 nonce, low s. */
    ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recid: number };
    ecdsaRecover(signature: Uint8Array, recoveryId: number, digest: Uint8Array, compressed: boolean): Uint8Array;
  };
  export default secp256k1;
}
