import { decodeSignInWithX, hashPersonalMessage, signInWithXText, type Address, type Hex } from '@freehold/protocol';
import { RequestError } from '../error.ts';

/** How old the proof of a wallet may be, and how far its clock may be ahead. */
const mostAgeMs = 300_000;
const mostAheadMs = 60_000;

/**
 * The wallet that a SIGN-IN-WITH-X header proves, for this very host and a few minutes. Who gets hold of one can see for so long what its wallet has paid
 * for, as with the payment itself. Errors: `invalid_request`.
 */
export function signedInWallet(
  header: string,
  { url, now, recover }: { url: string; now: number; recover: (digest: Uint8Array, signature: Hex) => Address | undefined },
): Address {
  const proof = read(header);
  const { origin, host } = new URL(url);
  if (proof.domain !== host || !URL.canParse(proof.uri) || new URL(proof.uri).origin !== origin)
    throw refuse(`it was made for ${proof.domain}, and this is ${host}`);
  const issuedAt = Date.parse(proof.issuedAt);
  const until = proof.expirationTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(proof.expirationTime);
  if (issuedAt < now - mostAgeMs || issuedAt > now + mostAheadMs || until < now)
    throw refuse('it is not of the last five minutes. Sign a new one');
  if (recover(hashPersonalMessage(signInWithXText(proof)), proof.signature) !== proof.address)
    throw refuse('it is not signed by the key of its address');
  return proof.address;
}

function read(header: string) {
  try {
    return decodeSignInWithX(header);
  } catch {
    throw refuse('it cannot be read');
  }
}

const refuse = (why: string) => new RequestError('invalid_request', 400, `The SIGN-IN-WITH-X header does not prove a wallet: ${why}.`);
