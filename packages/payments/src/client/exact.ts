import {
  authorizationTypedData,
  toAddress,
  toHex,
  type Address,
  type Authorization,
  type Hex,
  type PaymentRequired,
  type PaymentRequirements,
  type SignTypedData,
  type Token,
} from '@freehold/protocol';
import { boundNonce } from '../binding.ts';
import { conclusionOf, type ClientRail } from './rail.ts';

/** No seller needs a payment that stays good for longer. */
const longestSeconds = 3_600;

export type Account = { address: Address; signTypedData: SignTypedData };

export type SignedExact = {
  payload: { signature: Hex; authorization: Authorization };
  /** What is told besides: the salt of a bound nonce. */
  extensions: Record<string, unknown>;
  /** Milliseconds since the epoch. */
  expiresAt: number;
};

/**
 * Signs a payment of the scheme `exact`. When the seller tells its offer, the nonce is bound to it (binding.ts). The time window starts
 * at zero, so that a wrong clock does no harm at its start.
 */
export async function signExact({
  required,
  requirement,
  token,
  account,
  now,
  randomBytes,
}: {
  required: PaymentRequired;
  requirement: PaymentRequirements;
  token: Token;
  account: Account;
  /** Milliseconds since the epoch. */
  now: () => number;
  randomBytes: (count: number) => Uint8Array;
}): Promise<SignedExact> {
  const offerId = offerOf(required);
  const salt = toHex(randomBytes(32));
  const validBefore = Math.floor(now() / 1000) + Math.floor(Math.min(requirement.maxTimeoutSeconds, longestSeconds));
  const authorization = {
    from: account.address,
    to: toAddress(requirement.payTo),
    value: requirement.amount,
    validAfter: '0',
    validBefore: String(validBefore),
    nonce: offerId === undefined ? salt : boundNonce({ offerId, salt }),
  };
  const signature = await account.signTypedData(
    authorizationTypedData({ message: authorization, asset: token.asset, caip2: token.network, domain: token.domain }),
  );
  return {
    payload: { signature, authorization },
    extensions: offerId === undefined ? {} : { freehold: { info: { offer: offerId }, salt } },
    expiresAt: validBefore * 1000,
  };
}

function offerOf({ extensions }: PaymentRequired): string | undefined {
  const extension = extensions?.freehold;
  const info = typeof extension === 'object' && extension !== null && 'info' in extension ? extension.info : undefined;
  const offer = typeof info === 'object' && info !== null && 'offer' in info ? info.offer : undefined;
  return typeof offer === 'string' && /^[0-9a-f]{64}$/.test(offer) ? offer : undefined;
}

/** The rail of single payments: binds nothing, and its signature can be cashed until it expires. */
export function exactRail(by: { account: Account; now: () => number; randomBytes: (count: number) => Uint8Array }): ClientRail {
  return {
    scheme: 'exact',
    async plan({ required, requirement, token }) {
      const method = requirement.extra['assetTransferMethod'];
      if (method !== undefined && method !== 'eip3009') return undefined;
      const amount = BigInt(requirement.amount);
      return {
        scheme: 'exact',
        requirement,
        token,
        amount,
        deposit: 0n,
        rank: 1,
        async sign() {
          const { payload, extensions, expiresAt } = await signExact({ required, requirement, token, ...by });
          return {
            payload,
            extensions,
            expiresAt,
            reference: payload.authorization.nonce,
            supersedes: [],
            deposit: 0n,
            commit: async () => undefined,
            conclude: async (answer) =>
              // An error that names no settlement says nothing about the signature, which is in the seller's hands.
              conclusionOf(answer, amount) ?? {
                kind: 'refused',
                charged: amount,
                reason: `it answered ${answer.status} without a settlement`,
              },
            release: () => undefined,
          };
        },
      };
    },
  };
}
