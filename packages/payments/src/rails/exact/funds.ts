import { authorizationState, balanceOf, vouchesFor } from '@freehold/contracts';
import { getCode } from 'viem/actions';
import { PaymentError } from '../../error.ts';
import { chainFailure, type Chain } from './chain.ts';
import { invalid } from '../../terms.ts';
import type { Verified } from './verify.ts';

/**
 * What only the chain can say about a new payment: that the authorization is unused, that a contract wallet stands by its
 * signature, and how much the payer holds. One batch of requests. A wallet with code is asked even when a key's signature
 * fits, because the token will ask it too (EIP-7702).
 *
 * Errors: `payment_invalid`, `payment_unavailable`.
 */
export async function readFunds({ chain, verified }: { chain: Chain; verified: Verified }): Promise<bigint> {
  const { authorization, requirement, signature, digest, isKeySigned } = verified;
  const { from: payer, nonce } = authorization;
  const asset = requirement.asset as typeof payer;
  try {
    const [isUsed, balance, code] = await Promise.all([
      authorizationState(chain.client, { asset, payer, nonce }),
      balanceOf(chain.client, { asset, holder: payer }),
      getCode(chain.client, { address: payer }),
    ]);
    const isContract = code !== undefined && code !== '0x';
    const isSigned = isContract ? await isVouched() : isKeySigned;
    if (!isSigned) throw badSignature();
    if (isUsed) throw invalid('invalid_transaction_state', 'Its authorization was used or cancelled before. Sign a new one.');
    return balance;
  } catch (error) {
    if (error instanceof PaymentError) throw error;
    throw unreachable(chain.network, error);
  }

  async function isVouched(): Promise<boolean> {
    try {
      return await vouchesFor(chain.client, { wallet: payer, digest, signature });
    } catch (error) {
      if (chainFailure(error).kind === 'unreachable') throw error;
      return false;
    }
  }
}

export const badSignature = () =>
  invalid('invalid_exact_evm_payload_signature', 'Its signature is not by the payer over the payment as it is stated.');

/** Errors that are not of the chain are thrown on. */
export function unreachable(network: string, error: unknown): PaymentError {
  if (error instanceof PaymentError) return error;
  const { message } = chainFailure(error);
  return new PaymentError(
    'payment_unavailable',
    `The chain ${network} cannot be asked about this payment now (${message}). Nothing was charged; send the same request again in a moment.`,
    { cause: error },
  );
}
