import { z } from 'zod';
import { address } from './address.ts';
import { hexOf } from './hex.ts';
import { keyChain } from './wallet.ts';

/** What a wallet of the node can be asked to sign, and anybody to verify. Amounts are decimal strings in wei. */

const text = z.string().max(256 * 1024);
const data = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/, 'must be 0x and whole bytes')
  .max(256 * 1024)
  .transform((value): `0x${string}` => `0x${value.slice(2)}`);
const amount = z
  .string()
  .regex(/^(0|[1-9]\d{0,77})$/, 'must be a whole number in decimal digits')
  .transform(BigInt);
const chainId = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** An EIP-1559 transaction. */
const transaction = z.strictObject({
  chainId,
  nonce: z.number().int().nonnegative(),
  to: address.nullable().optional(),
  value: amount.default(0n),
  data: data.default('0x'),
  gas: amount,
  maxFeePerGas: amount,
  maxPriorityFeePerGas: amount,
});

/** An ERC-4337 user operation, as bundlers take it. */
const userOperation = z.strictObject({
  sender: address,
  nonce: amount,
  callData: data,
  callGasLimit: amount,
  verificationGasLimit: amount,
  preVerificationGas: amount,
  maxFeePerGas: amount,
  maxPriorityFeePerGas: amount,
  factory: address.optional(),
  factoryData: data.optional(),
  paymaster: address.optional(),
  paymasterData: data.optional(),
  paymasterVerificationGasLimit: amount.optional(),
  paymasterPostOpGasLimit: amount.optional(),
});

/** EIP-712, as `eth_signTypedData_v4` takes it. */
const typedData = z.strictObject({
  domain: z.strictObject({
    name: text.optional(),
    version: text.optional(),
    chainId: chainId.optional(),
    verifyingContract: address.optional(),
    salt: hexOf(32).optional(),
  }),
  types: z.record(z.string().max(256), z.array(z.strictObject({ name: z.string().max(256), type: z.string().max(256) })).max(256)),
  primaryType: z.string().max(256),
  message: z.record(z.string().max(256), z.unknown()),
});

/**
 * The ways to sign. `raw`, the seed's default, is keccak-256 over the text as it is; `eip191` is what wallets call `personal_sign`;
 * `solana` is ed25519 over the text itself.
 */
const schemes = {
  raw: { scheme: z.literal('raw').default('raw'), message: text },
  eip191: { scheme: z.literal('eip191'), message: text },
  eip712: { scheme: z.literal('eip712'), typedData },
  transaction: { scheme: z.literal('transaction'), transaction },
  userOperation: {
    scheme: z.literal('userOperation'),
    userOperation,
    entryPoint: address,
    entryPointVersion: z.enum(['0.7', '0.8']).default('0.7'),
    chainId,
  },
  solana: { scheme: z.literal('solana'), message: text },
} as const;

const version = { version: z.number().int().min(1).max(1000).optional() };

export const signRequest = z.union([
  z.strictObject({ ...schemes.raw, ...version }),
  z.strictObject({ ...schemes.eip191, ...version }),
  z.strictObject({ ...schemes.eip712, ...version }),
  z.strictObject({ ...schemes.transaction, ...version }),
  z.strictObject({ ...schemes.userOperation, ...version }),
  z.strictObject({ ...schemes.solana, ...version }),
]);
export type SignRequest = z.output<typeof signRequest>;

/** Names as in the seed. `signature` is r ‖ s ‖ v (65 bytes), or 64 bytes of ed25519; the last one is ready to be broadcast. */
export const signAnswer = z.object({ signature: z.string(), signature_chain: keyChain, signedTransaction: z.string().optional() });
export type SignAnswer = z.output<typeof signAnswer>;

const signed = {
  /** secp256k1 (33 or 65 bytes) or ed25519 (32 bytes), with or without 0x. */
  pubKeyHex: z.string().regex(/^(0x)?([0-9a-fA-F]{64}|[0-9a-fA-F]{66}|[0-9a-fA-F]{130})$/, 'must be a public key of 32, 33 or 65 bytes'),
  signature: z.string().max(1024),
  /** Where the key comes from: with both, the answer tells where the chain leads. */
  purpose: z.string().max(512).optional(),
  signature_chain: keyChain.optional(),
};

export const verifyRequest = z.union([
  z.strictObject({ ...schemes.raw, ...signed }),
  z.strictObject({ ...schemes.eip191, ...signed }),
  z.strictObject({ ...schemes.eip712, ...signed }),
  z.strictObject({ ...schemes.transaction, ...signed }),
  z.strictObject({ ...schemes.userOperation, ...signed }),
  z.strictObject({ ...schemes.solana, ...signed }),
]);
export type VerifyRequest = z.output<typeof verifyRequest>;

export const verifyAnswer = z.object({
  valid: z.boolean(),
  /** Only when a chain was sent. */
  chain: z
    .object({
      /** It leads from the key, for that purpose, through this node's application to a root that this node trusts. */
      trusted: z.boolean(),
      application: z.string().nullable(),
      root: z.string().nullable(),
    })
    .optional(),
});
export type VerifyAnswer = z.output<typeof verifyAnswer>;

/** The seed's shape of a sign-up. */
export const signUpRequest = z.strictObject({
  email: z.email().max(254),
  userId: z
    .string()
    .regex(/^[^\p{C}\p{Z}]{1,64}$/u, 'must have 1 to 64 characters and no spaces')
    .refine((value) => value.normalize('NFC') === value, 'must be in Unicode normal form C'),
  /** `bearer` answers a session token in the body, for programs; the default sets a cookie. */
  transport: z.enum(['cookie', 'bearer']).optional(),
});

export const signUpAnswer = z.object({
  id: z.string(),
  email: z.string(),
  address,
  pubKeyHex: z.string(),
  token: z.string().optional(),
});

export const walletUser = z.object({
  id: z.string(),
  email: z.string(),
  userId: z.string(),
  pubKeyHex: z.string(),
  address,
  /** ISO 8601. */
  createdAt: z.string(),
});
export type WalletUser = z.output<typeof walletUser>;
