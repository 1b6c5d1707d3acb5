import { setTimeout as sleep } from 'node:timers/promises';
import { authorizationState, balanceOf } from '@freehold/contracts';
import type { Hex, PaymentPayload, PaymentRequirements, Token } from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import type { Limits } from '../limits.ts';
import { chainFailure, type Chain } from '../rails/exact/chain.ts';
import { lookFor, type Transfer } from '../rails/exact/look.ts';
import type { Log } from '../rails/exact/sender.ts';
import type { Ending } from '../rails/exact/settle.ts';
import type { Verified } from '../rails/exact/verify.ts';
import { authorizationOf } from '../reservation.ts';
import type { RemoteFacilitator } from './remote.ts';

/** A facilitator that says no so often, while the chain says that nothing moved, means it. */
const mostRefusals = 3;
/** Block times may lag behind; until then an authorization that has expired may still turn up. */
const lagMs = 15_000;

/**
 * Has one authorization carried by another's facilitator, and believes the chain alone: success that no block shows gives nothing out, a
 * failure after which the money is there is a success, and silence is asked again. Asking twice does no harm: an authorization moves money
 * once. It ends otherwise only by the signal, with everything as it was.
 */
export async function settleRemote({
  transfer,
  token,
  chain,
  facilitator,
  limits,
  now,
  log,
  signal,
}: {
  transfer: Transfer;
  token: Token;
  chain: Chain;
  facilitator: RemoteFacilitator;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}): Promise<Ending> {
  const { client, network } = chain;
  const { key, showsPayment, isConfirmed, findUse } = lookFor({ transfer, chain });
  const payment = paymentOf({ transfer, token });
  let told: Hex | undefined;
  let askAt = 0;
  let refusals = 0;
  let pollMs = 5;
  let retryMs = 100;
  for (;;) {
    signal.throwIfAborted();
    try {
      const ending = (await look()) ?? (now() >= askAt ? await ask() : undefined);
      if (ending) return ending;
      await sleep(pollMs, undefined, { signal });
      pollMs = Math.min(pollMs * 1.5, limits.pollMs);
    } catch (error) {
      signal.throwIfAborted();
      const { kind, message } = chainFailure(error);
      log('payment.settle_delayed', { network, reservation: transfer.id, kind, message });
      await sleep(retryMs, undefined, { signal });
      retryMs = Math.min(retryMs * 2, limits.retryMs);
    }
  }

  /** What the chain shows. */
  async function look(): Promise<Ending | undefined> {
    if (told !== undefined) {
      const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [told] });
      if (receipt?.status === '0x1' && showsPayment(receipt))
        return (await isConfirmed(receipt)) ? { kind: 'settled', transaction: told } : undefined;
    }
    if (await authorizationState(client, key)) {
      const transaction = await findUse();
      if (transaction === undefined) return { kind: 'unpaid', reason: 'invalid_transaction_state' };
      told = transaction;
      const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [transaction] });
      return receipt && (await isConfirmed(receipt)) ? { kind: 'settled', transaction } : undefined;
    }
    if (BigInt(transfer.validBefore) * 1000n + BigInt(lagMs) <= BigInt(now()))
      return { kind: 'unpaid', reason: 'invalid_exact_evm_payload_authorization_valid_before' };
    return undefined;
  }

  async function ask(): Promise<Ending | undefined> {
    const answer = await facilitator.settle(payment, signal);
    askAt = now() + retryMs;
    retryMs = Math.min(retryMs * 2, limits.retryMs);
    if (answer.kind === 'silence') {
      log('facilitator.silent', { network, reservation: transfer.id, message: answer.message });
      return undefined;
    }
    const { success, transaction, errorReason = 'unexpected_settle_error' } = answer.value;
    if (/^0x[0-9a-fA-F]{64}$/.test(transaction)) told = transaction.toLowerCase() as Hex;
    pollMs = 5;
    if (success || errorReason === 'settlement_pending') {
      askAt = now() + limits.stuckAfterMs;
      return undefined;
    }
    log('facilitator.refused', { network, reservation: transfer.id, reason: errorReason });
    refusals++;
    const ending = await look();
    if (ending || refusals < mostRefusals) return ending;
    const balance = await balanceOf(client, { asset: key.asset, holder: key.payer });
    return { kind: 'unpaid', reason: balance < transfer.amount ? 'insufficient_funds' : errorReason };
  }
}

/** The payment again as a client would have sent it. */
export function paymentOf({ transfer, token }: { transfer: Omit<Transfer, 'id' | 'reservedAt'>; token: Token }): {
  paymentPayload: PaymentPayload;
  paymentRequirements: PaymentRequirements;
} {
  const { network, asset, amount, payTo, signature } = transfer;
  const { name, version } = token.domain;
  const paymentRequirements = {
    scheme: 'exact',
    network,
    amount: String(amount),
    asset,
    payTo,
    maxTimeoutSeconds: 60,
    extra: { name, version },
  };
  return {
    paymentPayload: { x402Version: 2, accepted: paymentRequirements, payload: { signature, authorization: authorizationOf(transfer) } },
    paymentRequirements,
  };
}

/**
 * Whether a facilitator would carry a payment: asked before any work is done for it. Errors: `payment_invalid`, `payment_unavailable`.
 */
export async function askFacilitator({
  facilitator,
  verified: { authorization, signature },
  token,
  signal,
}: {
  facilitator: RemoteFacilitator;
  verified: Pick<Verified, 'authorization' | 'signature'>;
  token: Token;
  signal: AbortSignal;
}): Promise<void> {
  const { from: payer, to: payTo, value, validAfter, validBefore, nonce } = authorization;
  const { network, asset } = token;
  const transfer = { network, asset, payer, payTo, amount: BigInt(value), validAfter, validBefore, nonce, signature };
  const answer = await facilitator.verify(paymentOf({ transfer, token }), signal);
  if (answer.kind === 'silence')
    throw new PaymentError(
      'payment_unavailable',
      `The facilitator that carries payments for this node does not answer now (${answer.message}). Nothing was charged; send the same request again in a moment.`,
    );
  const { isValid, invalidReason = 'unexpected_verify_error', invalidMessage } = answer.value;
  if (isValid) return;
  throw new PaymentError('payment_invalid', `The facilitator of this node does not take the payment: ${invalidMessage ?? invalidReason}`, {
    errorReason: invalidReason,
  });
}
