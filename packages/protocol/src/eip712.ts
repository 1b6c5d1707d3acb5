import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromHex } from './hex.ts';

export type FieldType = 'string' | 'address' | 'bytes32' | 'uint40' | 'uint64' | 'uint128' | 'uint256' | 'uint32';
export type Field = { readonly name: string; readonly type: FieldType };

/** A message that a wallet shows and signs (EIP-712), restricted to one flat struct: all that Freehold and EIP-3009 need. */
export type TypedData = {
  domain: Readonly<Record<string, string | number>>;
  domainFields: readonly Field[];
  primaryType: string;
  fields: readonly Field[];
  /** Integers as decimal strings. */
  message: Readonly<Record<string, string>>;
};

/** keccak256("\x19\x01" ‖ domainSeparator ‖ hashStruct(message)): the 32 bytes that are signed. */
export function hashTypedData({ domain, domainFields, primaryType, fields, message }: TypedData): Uint8Array {
  return keccak_256(concatBytes(prefix, separatorOf(domainFields, domain), hashStruct(primaryType, fields, message)));
}

const prefix = Uint8Array.of(0x19, 0x01);

/** A node meets few domains and few types, again and again: their hashes are half of the work. */
const separators = new Map<string, Uint8Array>();
const typeHashes = new Map<string, Uint8Array>();
const mostRemembered = 256;

function separatorOf(fields: readonly Field[], domain: TypedData['domain']): Uint8Array {
  const key = JSON.stringify(fields.map(({ name }) => [name, domain[name]]));
  return remembered(separators, key, () => hashStruct('EIP712Domain', fields, domain));
}

function hashStruct(name: string, fields: readonly Field[], values: Readonly<Record<string, string | number>>): Uint8Array {
  const type = `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(',')})`;
  const words = fields.map((field) => encodeField(field, values[field.name]));
  return keccak_256(
    concatBytes(
      remembered(typeHashes, type, () => keccak_256(utf8ToBytes(type))),
      ...words,
    ),
  );
}

function remembered(known: Map<string, Uint8Array>, key: string, make: () => Uint8Array): Uint8Array {
  const found = known.get(key);
  if (found) return found;
  if (known.size >= mostRemembered) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}

function encodeField({ name, type }: Field, value: string | number | undefined): Uint8Array {
  if (value === undefined) throw new TypeError(`Typed data lacks the field ${name}`);
  if (type === 'string') return keccak_256(utf8ToBytes(String(value)));
  if (type === 'bytes32') return fromHex(String(value));
  const word = type === 'address' ? BigInt(String(value).toLowerCase()) : BigInt(value);
  return fromHex(word.toString(16).padStart(64, '0'));
}

/** The JSON that `eth_signTypedData_v4` takes. */
export function toWalletJson({ domain, domainFields, primaryType, fields, message }: TypedData): string {
  return JSON.stringify({ domain, primaryType, message, types: { EIP712Domain: domainFields, [primaryType]: fields } });
}

/** The digest of EIP-191 `personal_sign` over a text. */
export function hashPersonalMessage(text: string): Uint8Array {
  const bytes = utf8ToBytes(text);
  return keccak_256(concatBytes(utf8ToBytes(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes));
}
