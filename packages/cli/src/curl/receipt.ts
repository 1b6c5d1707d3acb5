import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeReceipt, receiptHeader, type PaymentRequired, type SettleResponse, type SignedReceipt } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { isSignedBy } from '../key/signed-by.ts';
import type { AnswerHead } from './answer-head.ts';
import type { Payment } from './payment.ts';

/**
 * Checks the receipt of a paid answer, keeps it, and says so as the end of a sentence; empty when there is none.
 * A receipt that does not hold is named as what it is, and not kept.
 */
export async function readReceipt({
  answer,
  payment,
  settlement,
  context,
}: {
  answer: AnswerHead;
  payment: Payment;
  settlement: SettleResponse | undefined;
  context: Context;
}): Promise<string> {
  const header = answer.fields.get(receiptHeader);
  if (header === undefined) return '';
  let signed: SignedReceipt | undefined;
  try {
    signed = decodeReceipt(header);
  } catch {
    signed = undefined;
  }
  return keepReceipt(signed, { payment, settlement, context });
}

/** As above, for a receipt that is at hand; undefined is one that could not be read. */
export function keepReceipt(
  signed: SignedReceipt | undefined,
  { payment, settlement, context }: { payment: Payment; settlement?: SettleResponse | undefined; context: Context },
): string {
  const fault = signed ? faultOf(signed, { payment, settlement }) : 'it cannot be read';
  if (!signed || fault !== undefined) {
    context.stderr.write(`freehold: the receipt of this call does not hold: ${fault}\n`);
    return '';
  }
  const file = join(context.settings.receipts, `${signed.receipt.task}-${signed.receipt.nonce.slice(-8)}.json`);
  try {
    mkdirSync(context.settings.receipts, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(signed, null, 2)}\n`, { mode: 0o600 });
    return ` · receipt saved ${file}`;
  } catch (error) {
    return ` · receipt not saved: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What is wrong with a receipt; undefined when it holds. */
function faultOf(
  signed: SignedReceipt,
  { payment, settlement }: { payment: Payment; settlement: SettleResponse | undefined },
): string | undefined {
  if (!isSignedBy(signed)) return 'its signature is not that of its signer';
  const { receipt } = signed;
  const offer = offerAskedFor(payment.terms.required);
  if (offer !== undefined && receipt.offer !== offer) return 'it is for another offer';
  // The cache and the owner pay nothing, and their receipts say so.
  if (receipt.amount === '0') return undefined;
  const { reference, payer, amount, scheme } = payment.outgoing;
  if (scheme === 'exact' && receipt.nonce !== reference) return 'it is for another payment';
  if (receipt.payer !== payer) return 'it names another payer';
  if (BigInt(receipt.amount) > amount) return 'it names a higher price';
  if (settlement?.transaction && receipt.transaction !== settlement.transaction) return 'it names another transaction';
  return undefined;
}

/** The seller's own word for what is sold (extension `freehold`), else the offer in the URL. */
function offerAskedFor({ extensions, resource }: PaymentRequired): string | undefined {
  const info: unknown = Reflect.get(Object(extensions?.['freehold']), 'info');
  const named: unknown = Reflect.get(Object(info), 'offer');
  return typeof named === 'string' ? named : /\/([0-9a-f]{64})\.cgi(?:[/?#]|$)/.exec(resource.url)?.[1];
}
