/** What tests of other packages need to make and read IPLD, which the drive hands to nobody. */
export { CarReader } from '@ipld/car';
export { UnixFS } from 'ipfs-unixfs';
export { base16 } from 'multiformats/bases/base16';
export { base32upper } from 'multiformats/bases/base32';
export { base36 } from 'multiformats/bases/base36';
export { base58btc } from 'multiformats/bases/base58';
export { base64url } from 'multiformats/bases/base64';
export { CID } from 'multiformats/cid';
export * as Digest from 'multiformats/hashes/digest';
