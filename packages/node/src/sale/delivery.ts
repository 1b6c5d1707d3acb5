import type { Compute, Outcome, Plan } from '@freehold/compute';
import type { Payments, Reservation } from '@freehold/payments';
import {
  noHash,
  zeroAddress,
  type Address,
  type PaymentRequired,
  type Receipt,
  type SettleResponse,
  type SignedReceipt,
} from '@freehold/protocol';
import type { Refunded } from './purchase.ts';
import { openShared } from './shared.ts';
import { freeReceipt, signReceipt, type Signer } from './sign.ts';

/** How a call of a function ends, whatever HTTP makes of it. */
export type Answer =
  | { kind: 'payment-required'; required: PaymentRequired; settlement?: SettleResponse }
  | Refunded
  | { kind: 'answered'; outcome: Outcome; receipt: SignedReceipt | undefined; settlement: SettleResponse | undefined };

/** A receipt follows its settlement at once; so much of the last settlements is looked at after a crash. */
const withoutReceiptMs = 60_000;

export type Sold = { offer: string; task: string; amount: string; payer: Address; seller: Address };

export type Delivery = ReturnType<typeof openDelivery>;

/** What a caller is given at the end, and with which receipt; and what the seller hears of it. */
export function openDelivery({
  compute,
  payments,
  signer,
  now,
  onSold,
}: {
  compute: Compute;
  payments: Payments;
  signer: Signer;
  now: () => number;
  onSold: (sold: Sold) => void;
}) {
  const signing = openShared<{ signed: SignedReceipt; isNew: boolean }>();
  /** Of results at hand, by offer. */
  const freeReceipts = new WeakMap<Outcome, Map<string, SignedReceipt>>();

  const announce = (plan: Plan, { task }: Outcome, { amount, payer }: { amount: string; payer: Address }) =>
    onSold({ offer: plan.call.id, task, amount, payer, seller: plan.call.offer.owner });

  /**
   * A result that may be given again keeps the receipt of its first free delivery: what it says has not changed. One that nobody paid
   * for and nobody will be given again has one where the caller prefers that: signing it costs more than most runs.
   */
  async function receiptOfFree(plan: Plan, outcome: Outcome, isAsked: boolean): Promise<SignedReceipt | undefined> {
    if (plan.call.offer.deterministic !== true && !isAsked) return undefined;
    if (!outcome.cached) return signReceipt(signer, freeReceipt(plan, outcome, now()));
    const atHand = freeReceipts.get(outcome) ?? new Map<string, SignedReceipt>();
    freeReceipts.set(outcome, atHand);
    const known = atHand.get(plan.call.id);
    if (known) return known;
    const kept = await compute.receipts.get(outcome.task, { payer: zeroAddress, nonce: noHash });
    const isKept = kept?.receipt.offer === plan.call.id;
    const signed = isKept ? kept : await signReceipt(signer, freeReceipt(plan, outcome, now()));
    if (!isKept) await compute.receipts.add(outcome.task, signed);
    atHand.set(plan.call.id, signed);
    return signed;
  }

  async function giveFree(plan: Plan, outcome: Outcome, isAsked = false): Promise<Answer> {
    const receipt = outcome.response && (await receiptOfFree(plan, outcome, isAsked));
    if (outcome.response && !outcome.cached) announce(plan, outcome, { amount: '0', payer: zeroAddress });
    return { kind: 'answered', outcome, receipt, settlement: undefined };
  }

  /** What was paid is given, with a receipt; and equal calls may have it, too. */
  async function givePaid(
    plan: Plan,
    outcome: Outcome,
    { payer, nonce, amount, transaction }: Reservation,
    settlement: SettleResponse,
  ): Promise<Answer> {
    const receipt = {
      ...freeReceipt(plan, outcome, now()),
      payer,
      nonce,
      amount: amount.toString(),
      transaction: transaction ?? noHash,
    };
    const [{ signed, isNew }] = await Promise.all([receiptOnce(receipt), compute.tasks.share(plan, outcome)]);
    if (isNew) announce(plan, outcome, { amount: amount.toString(), payer });
    return { kind: 'answered', outcome, receipt: signed, settlement };
  }

  /** A payment has one receipt, also when its caller comes back while one is signed for him. */
  const receiptOnce = (receipt: Receipt): Promise<{ signed: SignedReceipt; isNew: boolean }> =>
    signing.join(`${receipt.payer} ${receipt.nonce} ${receipt.task}`, undefined, async () => {
      const { task, payer, nonce } = receipt;
      const kept = await compute.receipts.get(task, { payer, nonce });
      if (kept) return { signed: kept, isNew: false };
      const signed = await signReceipt(signer, receipt);
      await compute.receipts.add(task, signed);
      return { signed, isNew: true };
    });

  /** A payment that an earlier process of this node had under way, and whose caller may never come back: its receipt is there for him. */
  async function receiptOfLate({ resultRef, payer, nonce, amount, network, asset, offerId, transaction }: Reservation): Promise<void> {
    if (resultRef === undefined) return;
    if (await compute.receipts.get(resultRef, { payer, nonce })) return;
    const { id, stdout, fuel } = (await compute.tasks.find(resultRef)) ?? {};
    if (id === undefined || !stdout?.sha256) return;
    await receiptOnce({
      version: 1,
      task: id,
      offer: offerId,
      payer,
      network,
      asset,
      amount: amount.toString(),
      nonce,
      transaction: transaction ?? noHash,
      output: `0x${stdout.sha256}`,
      ...(typeof fuel === 'number' && { fuel }),
      issuedAt: now(),
    });
  }

  return {
    giveFree,
    givePaid,
    receiptOfLate,
    /** To the seller: somebody had a run for nothing. */
    announceFree: (plan: Plan, outcome: Outcome) => announce(plan, outcome, { amount: '0', payer: zeroAddress }),
    /** Signs the receipts that are missing of what was settled last. */
    async recover(): Promise<void> {
      for (const reservation of await payments.lastSettled({ withinMs: withoutReceiptMs })) await receiptOfLate(reservation);
    },
  };
}
