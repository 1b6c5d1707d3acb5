import type { SignRequest, VerifyRequest, WalletAlgorithm } from '@freehold/protocol';
import { hashMessage, hashTypedData, keccak256, serializeTransaction, toBytes, toHex } from 'viem';
import { getUserOperationHash } from 'viem/account-abstraction';
import { IdentityError } from '../error.ts';

type Wanted = SignRequest | VerifyRequest;
type Of<Scheme> = Extract<Wanted, { scheme: Scheme }>;

/** Beginnings of what wallets sign in other forms: typed transactions (EIP-2718) and EIP-191. Raw signing of one would be signing in disguise. */
const otherForms = new Set([0x01, 0x02, 0x03, 0x04, 0x19]);

/** The curve and the bytes of a request: 32 of a hash for secp256k1, the text itself for ed25519. Errors: `message_invalid`. */
export function whatIsSigned(request: Wanted): { algorithm: WalletAlgorithm; data: Uint8Array } {
  try {
    return request.scheme === 'solana'
      ? { algorithm: 'ed25519', data: Buffer.from(request.message) }
      : { algorithm: 'secp256k1', data: toBytes(digestOf(request)) };
  } catch (error) {
    if (error instanceof IdentityError) throw error;
    // Of the library's words the first line says what is wrong with the fields.
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new IdentityError('message_invalid', 422, `That cannot be signed as ${request.scheme}: ${why}`);
  }
}

function digestOf(request: Exclude<Wanted, { scheme: 'solana' }>) {
  switch (request.scheme) {
    case 'raw':
      return keccak256(plainText(request.message));
    case 'eip191':
      return hashMessage(request.message);
    case 'eip712':
      return hashTypedData(request.typedData);
    case 'transaction':
      return keccak256(unsigned(request));
    default:
      return userOperationDigest(request);
  }
}

function plainText(message: string): Uint8Array {
  const bytes = Buffer.from(message);
  const [first] = bytes;
  if (first === undefined || !otherForms.has(first)) return bytes;
  throw new IdentityError(
    'message_invalid',
    422,
    'A raw message must not begin with a byte that makes it a transaction or another kind of message. Use the scheme that is made for it: transaction, eip191 or eip712.',
  );
}

const fieldsOf = ({ transaction: { to, ...rest } }: Of<'transaction'>) => ({ ...rest, type: 'eip1559' as const, to: to ?? null });

const unsigned = (request: Of<'transaction'>) => serializeTransaction(fieldsOf(request));

/** The transaction with its signature (r ‖ s ‖ v), ready to be broadcast. */
export function signedTransaction(request: Of<'transaction'>, signature: Uint8Array) {
  const half = (from: number) => toHex(signature.subarray(from, from + 32));
  return serializeTransaction(fieldsOf(request), { r: half(0), s: half(32), yParity: (signature[64] ?? 27) - 27 });
}

/** Accounts of entry point 0.7 take it as a personal message, those of 0.8 as typed data, which the hash is already. */
function userOperationDigest({ userOperation, entryPoint, entryPointVersion, chainId }: Of<'userOperation'>) {
  const hash = getUserOperationHash({
    chainId,
    entryPointAddress: entryPoint,
    entryPointVersion,
    userOperation: { ...userOperation, signature: '0x' },
  });
  return entryPointVersion === '0.7' ? hashMessage({ raw: hash }) : hash;
}
