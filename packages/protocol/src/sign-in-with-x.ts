import { z } from 'zod';
import { address } from './address.ts';
import { fromJsonHeader } from './header.ts';
import { signature } from './hex.ts';
import { network } from './network.ts';

/**
 * x402's extension `sign-in-with-x`: a wallet that says who it is, instead of paying for what it has paid for. CAIP-122 for EVM keys: the
 * signature is over the text of EIP-4361 that these fields make.
 */
export const signInWithXHeader = 'sign-in-with-x';
export const signInWithXExtension = 'sign-in-with-x';

const line = z
  .string()
  .max(500)
  .regex(/^[^\r\n]*$/, 'must be one line');

export const signInWithX = z.object({
  domain: line,
  address,
  uri: line,
  version: z.literal('1'),
  chainId: network,
  type: z.literal('eip191'),
  nonce: z.string().regex(/^[A-Za-z0-9]{8,128}$/, 'must be 8 to 128 letters and digits'),
  issuedAt: z.iso.datetime(),
  expirationTime: z.iso.datetime().optional(),
  statement: line.optional(),
  resources: z.array(line).max(16).optional(),
  signature,
});
export type SignInWithX = z.output<typeof signInWithX>;

/** Errors: ZodError, SyntaxError. */
export const decodeSignInWithX = (header: string): SignInWithX => signInWithX.parse(fromJsonHeader(header));

/** The text that the wallet shows and signs (EIP-4361). */
export function signInWithXText(fields: Omit<SignInWithX, 'signature'>): string {
  const { domain, address: wallet, statement, uri, version, chainId, nonce, issuedAt, expirationTime, resources } = fields;
  return [
    `${domain} wants you to sign in with your Ethereum account:`,
    wallet,
    '',
    ...(statement === undefined ? [] : [statement]),
    '',
    `URI: ${uri}`,
    `Version: ${version}`,
    `Chain ID: ${chainId.slice('eip155:'.length)}`,
    `Nonce: ${nonce}`,
    `Issued At: ${issuedAt}`,
    ...(expirationTime === undefined ? [] : [`Expiration Time: ${expirationTime}`]),
    ...(resources === undefined ? [] : ['Resources:', ...resources.map((one) => `- ${one}`)]),
  ].join('\n');
}
