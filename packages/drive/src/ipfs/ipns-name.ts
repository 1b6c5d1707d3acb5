import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';
import { codec } from './dag.ts';
import { fieldsOf } from './protobuf.ts';

const identity = 0x00;
const sha256 = 0x12;
const keyTypes = { rsa: 0, ed25519: 1 } as const;
/** What goes before the 32 bytes of an Ed25519 key in an SPKI structure (RFC 8410). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

/** The name of a key in its one spelling here, base36 of a CID (`k51…`); undefined for what names no key. */
export function ipnsName(text: string): string | undefined {
  const multihash = multihashOf(text);
  return multihash && CID.createV1(codec.libp2pKey, multihash).toString(base36);
}

function multihashOf(text: string): CID['multihash'] | undefined {
  try {
    if (/^(12D3Koo|1|Qm)/.test(text)) return Digest.decode(base58btc.baseDecode(text));
    const cid = text.startsWith('k') ? CID.parse(text, base36) : CID.parse(text);
    return cid.code === codec.libp2pKey ? cid.multihash : undefined;
  } catch {
    return undefined;
  }
}

/** The key that a name stands for: it is in the name itself when short, else in the record, and the name is its hash. */
export function keyOfName(name: string, given: Uint8Array | undefined): KeyObject | undefined {
  const multihash = multihashOf(name);
  if (!multihash) return undefined;
  if (multihash.code === identity) return publicKey(multihash.digest);
  const isIt = multihash.code === sha256 && given !== undefined && Buffer.compare(hash('sha256', given, 'buffer'), multihash.digest) === 0;
  return isIt ? publicKey(given) : undefined;
}

/** A libp2p public key: Ed25519 and RSA, which every implementation knows. */
function publicKey(bytes: Uint8Array): KeyObject | undefined {
  const fields = fieldsOf(bytes);
  const type = fields?.get(1)?.at(-1);
  const data = fields?.get(2)?.at(-1);
  if (!(data instanceof Uint8Array)) return undefined;
  try {
    if (type === BigInt(keyTypes.ed25519) && data.length === 32)
      return createPublicKey({ key: Buffer.concat([ed25519Prefix, data]), format: 'der', type: 'spki' });
    return type === BigInt(keyTypes.rsa) ? createPublicKey({ key: Buffer.from(data), format: 'der', type: 'spki' }) : undefined;
  } catch {
    return undefined;
  }
}
