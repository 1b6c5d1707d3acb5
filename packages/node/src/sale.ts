import { createHash, randomBytes } from 'node:crypto';
import {
  ComputeError,
  type AnswerSink,
  type CallableOffer,
  type Compute,
  type FunctionRequest,
  type Input,
  type Outcome,
  type Plan,
} from '@freehold/compute';
import { PaymentError, type Admission, type Outcome as Ending, type PaidCall, type Payments, type Reservation } from '@freehold/payments';
import {
  decodePaymentPayload,
  exactPayload,
  hashTypedData,
  noHash,
  receiptTypedData,
  zeroAddress,
  type Address,
  type Hex,
  type PaymentRequired,
  type Receipt,
  type SettleResponse,
  type SignedReceipt,
} from '@freehold/protocol';
import { RequestError } from './error.ts';

/** How a call of a function ends, whatever HTTP makes of it. */
export type Answer =
  | { kind: 'payment-required'; required: PaymentRequired; settlement?: SettleResponse }
  | { kind: 'answered'; outcome: Outcome; receipt: SignedReceipt | undefined; settlement: SettleResponse | undefined };

export type Sales = ReturnType<typeof openSales>;

type Signer = { address: Address; signDigest: (digest: Uint8Array) => Promise<Hex> };
const pendingMessage =
  'The function has run and its payment is on its way to the chain. Send the same request with the same payment again to get the result; it is charged once.';

type Sold = { offer: string; task: string; amount: string; payer: Address; seller: Address };

/**
 * The natural way of a paid call: identify → cache → admit → run → settle → receipt. Nothing runs unreserved, nothing is
 * charged unexecuted, and one authorization runs one task: equal requests with the same authorization share one sale.
 */
export function openSales({
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
  const underWay = new Map<string, Promise<Answer>>();

  const terms = ({ offer, id }: CallableOffer, url: string, error?: string): PaymentRequired =>
    payments.paymentRequired({ offer, offerId: id, url, ...(error !== undefined && { error }) });

  /** A payment that does not do is answered with the terms again and the reason, as x402 has it. Any other refusal is thrown. */
  const admit = (call: PaidCall): Promise<Admission | PaymentError> =>
    payments.admit(call).catch((error: unknown) => {
      if (error instanceof PaymentError && error.status === 402) return error;
      throw error;
    });

  async function sign(receipt: Receipt): Promise<SignedReceipt> {
    return { receipt, signer: signer.address, signature: await signer.signDigest(hashTypedData(receiptTypedData(receipt))) };
  }

  const receiptFor = (plan: Plan, outcome: Outcome): Receipt => {
    const [price] = plan.call.offer.prices;
    return {
      version: 1,
      task: outcome.task,
      offer: plan.call.id,
      payer: zeroAddress,
      network: price?.network ?? 'eip155:1',
      asset: price?.asset ?? zeroAddress,
      amount: '0',
      nonce: noHash,
      transaction: noHash,
      output: outcome.output,
      issuedAt: now(),
    };
  };

  const announce = (plan: Plan, { task }: Outcome, { amount, payer }: { amount: string; payer: Address }) =>
    onSold({ offer: plan.call.id, task, amount, payer, seller: plan.call.offer.owner });

  /** A cached result keeps the receipt of its first free delivery: what it says has not changed. */
  async function freeReceipt(plan: Plan, outcome: Outcome): Promise<SignedReceipt> {
    const kept = outcome.cached ? await compute.receipts.get(outcome.task, { payer: zeroAddress, nonce: noHash }) : undefined;
    if (kept?.receipt.offer === plan.call.id) return kept;
    const signed = await sign(receiptFor(plan, outcome));
    if (outcome.cached) await compute.receipts.add(outcome.task, signed);
    return signed;
  }

  async function giveFree(plan: Plan, outcome: Outcome): Promise<Answer> {
    const receipt = outcome.response && (await freeReceipt(plan, outcome));
    if (outcome.response && !outcome.cached) announce(plan, outcome, { amount: '0', payer: zeroAddress });
    return { kind: 'answered', outcome, receipt, settlement: undefined };
  }

  /** Runs and settles one reservation. The result is stored before the money moves; without a good result it never moves. */
  async function fulfil(plan: Plan, reservation: Reservation, nonce: Uint8Array, url: string): Promise<Answer> {
    const outcome = await runReserved(plan, reservation, nonce);
    if (!isWorthMoney(outcome)) {
      await payments.release(reservation, outcome.failure ? outcome.failure.code : 'refused_by_function');
      return { kind: 'answered', outcome, receipt: undefined, settlement: undefined };
    }
    await payments.executed(reservation, outcome.task);
    return conclude(plan, await payments.settle(reservation), url, (settled, response) => give(plan, outcome, settled, response));
  }

  /** What the end of a payment means for its caller. */
  async function conclude(
    plan: Plan,
    ending: Ending,
    url: string,
    deliver: (reservation: Reservation, response: SettleResponse) => Promise<Answer>,
  ): Promise<Answer> {
    switch (ending.kind) {
      case 'settled':
        return deliver(ending.reservation, ending.response);
      case 'unpaid':
        return { kind: 'payment-required', required: terms(plan.call, url, ending.response.errorReason), settlement: ending.response };
      case 'released':
        throw new ComputeError(
          'function_failed',
          502,
          'The function failed, and nothing was charged. The same payment may be sent again.',
          { details: { reason: ending.reason } },
        );
      default:
        throw new RequestError('payment_pending', 202, pendingMessage);
    }
  }

  async function runReserved(plan: Plan, reservation: Reservation, nonce: Uint8Array): Promise<Outcome> {
    // The reservation is durable; that it has begun may be written while it runs.
    const steps = [compute.tasks.run(plan, { nonce }), payments.begin(reservation)] as const;
    try {
      const [outcome] = await Promise.all(steps);
      return outcome;
    } catch (error) {
      await Promise.allSettled(steps);
      await payments.release(reservation, 'failed');
      throw error;
    }
  }

  async function give(plan: Plan, outcome: Outcome, { payer, nonce, amount }: Reservation, settlement: SettleResponse): Promise<Answer> {
    const kept = await compute.receipts.get(outcome.task, { payer, nonce });
    if (kept) return { kind: 'answered', outcome, receipt: kept, settlement };
    const receipt = await sign({
      ...receiptFor(plan, outcome),
      payer,
      nonce,
      amount: amount.toString(),
      transaction: settlement.transaction as Hex,
    });
    await compute.receipts.add(outcome.task, receipt);
    announce(plan, outcome, { amount: amount.toString(), payer });
    return { kind: 'answered', outcome, receipt, settlement };
  }

  /** Admits the payment and answers with what it bought. Equal requests with one payment share one sale. */
  async function sell(plan: Plan, header: string, url: string): Promise<Answer> {
    const nonce = nonceOf(header);
    const { offer, id } = plan.call;
    const admission = await admit({ header, offer, offerId: id, url, taskId: plan.taskId(nonce), requestHash: plan.requestId });
    if (admission instanceof PaymentError) return { kind: 'payment-required', required: terms(plan.call, url, reasonOf(admission)) };
    const { reservation } = admission;
    const key = `${reservation.payer} ${reservation.nonce} ${reservation.asset} ${reservation.network}`;
    const shared = underWay.get(key);
    if (shared) return shared;
    const sale =
      admission.kind === 'reserved'
        ? fulfil(plan, reservation, nonce, url)
        : admission.kind === 'settled'
          ? redeliver(plan, nonce, reservation, admission.response)
          : payments
              .outcome(reservation)
              .then((ending) => conclude(plan, ending, url, (settled, response) => redeliver(plan, nonce, settled, response)));
    underWay.set(key, sale);
    try {
      return await sale;
    } finally {
      underWay.delete(key);
    }
  }

  /** A payment that is settled: its result, again if it was given before. */
  async function redeliver(plan: Plan, nonce: Uint8Array, reservation: Reservation, settlement: SettleResponse): Promise<Answer> {
    const outcome = await compute.tasks.finished(plan, nonce);
    if (!outcome)
      throw new RequestError(
        'not_found',
        410,
        'This payment was settled and its result is not kept any more. The receipt is at /api/tasks.',
      );
    return give(plan, outcome, reservation, settlement);
  }

  return {
    async call({
      call,
      request,
      url,
      header,
      signal,
      sink,
      withInput,
    }: {
      call: CallableOffer;
      request: FunctionRequest;
      /** The URL that was asked, for the payment terms. */
      url: string;
      /** Value of PAYMENT-SIGNATURE. */
      header: string | undefined;
      /** Fires when the caller goes away. What nobody pays for and nobody else waits for is stopped then. */
      signal?: AbortSignal;
      /** Takes an answer as it comes, where the result need not be kept: nobody pays for it, and no other call is answered with it. */
      sink?: AnswerSink;
      /** Reads the request's body and holds it while it is used. */
      withInput: (use: (input: Input) => Promise<Answer>) => Promise<Answer>;
    }): Promise<Answer> {
      const ask = (): Answer => ({ kind: 'payment-required', required: terms(call, url) });
      // The terms come before the body, so that a large upload is not sent in vain; only a cache can need the body first.
      if (!isFree(call) && header === undefined && call.offer.deterministic !== true) return ask();
      return withInput(async (input) => {
        const plan = await compute.identify({ call, request, input });
        const known = await compute.tasks.cached(plan);
        if (known) return giveFree(plan, known);
        if (isFree(call)) {
          const alone = call.offer.deterministic === true ? {} : { keep: false, ...(signal && { signal }), ...(sink && { sink }) };
          return giveFree(plan, await compute.tasks.run(plan, { nonce: randomBytes(16), ...alone }));
        }
        return header === undefined ? ask() : sell(plan, header, url);
      });
    },

    /** Settles when the sales under way have ended. */
    async idle(): Promise<void> {
      await Promise.allSettled(underWay.values());
    },
  };
}

const isFree = ({ offer }: CallableOffer): boolean => offer.prices.some(({ amount }) => amount === '0');

/** x402's word for it, then ours. */
function reasonOf({ code, message, details }: PaymentError): string {
  const word = details?.['errorReason'];
  return `${typeof word === 'string' ? word : code}: ${message}`;
}

/** Only a good answer is charged: a failed run costs nothing, and neither does one in which the program refuses (status 400 and up, or an exit code). */
const isWorthMoney = ({ response, exitCode }: Outcome): boolean => response !== undefined && response.status < 400 && (exitCode ?? 0) === 0;

/** What makes the task of a payment unique. For a header that cannot be read, `admit` has the words of refusal. */
function nonceOf(header: string): Uint8Array {
  const hash = createHash('sha256');
  try {
    const { authorization } = exactPayload.parse(decodePaymentPayload(header).payload);
    hash.update(`${authorization.from} ${authorization.nonce}`);
  } catch {
    hash.update(header);
  }
  return hash.digest();
}
