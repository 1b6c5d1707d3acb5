import { batchAccepted, paymentRequiredHeader, type BatchAccepted } from '@freehold/protocol';
import { plainText } from '@freehold/payments';
import type { Context } from '../context.ts';
import { exitCode } from '../curl/exit-code.ts';
import { readDemand, signPayment, type Payment } from '../curl/payment.ts';
import { CliError } from '../error.ts';
import type { PayingWallet } from '../pay/open-wallet.ts';
import type { PayOptions } from '../pay/options.ts';
import { NodeRefusal, openNodeClient } from '../node/client.ts';
import type { OfferAddress } from './address.ts';

/** A node that corrects us again and again would never be done. */
const mostAttempts = 3;

export type Bought = { accepted: BatchAccepted; payment: Payment | undefined };

/**
 * Begins a batch run, paying for it where it is asked to. Undefined after a dry run. `signal` should leave time for an answer: a run
 * that was paid for and whose id never came cannot be stopped. Errors: CliError; 120 to 123 as `freehold curl` has them.
 */
export async function buyRun({
  address: { node, offer, seconds },
  body,
  own,
  openWallet,
  signal,
  context,
}: {
  address: OfferAddress;
  body: { args: string[]; env: Record<string, string>; stdinBase64?: string };
  own: PayOptions;
  /** Opened when there is something to pay. */
  openWallet(): Promise<PayingWallet>;
  signal: AbortSignal;
  context: Context;
}): Promise<Bought | undefined> {
  const path = `/api/offers/${encodeURIComponent(offer)}/run${seconds === undefined ? '' : `?seconds=${seconds}`}`;
  const send = (headers: Record<string, string> = {}) => openNodeClient({ node, headers, signal }).post(path, body, batchAccepted);
  let demand: string;
  try {
    return { accepted: await send(), payment: undefined };
  } catch (error) {
    const header = error instanceof NodeRefusal && error.status === 402 ? error.headers.get(paymentRequiredHeader) : null;
    if (header === null) throw explained(error);
    demand = header;
  }
  context.signal.throwIfAborted();
  const url = new URL(path, node);
  const terms = readDemand({ header: demand, url: url.href });
  if (!terms) throw new TypeError('A header that was read has terms');
  const destination = { url, isSameOrigin: true, keptMethod: true, hops: 0 };
  const wallet = await openWallet();
  const sign = () => signPayment({ terms, destination, method: 'POST', own, wallet, context, command: 'freehold run' });
  let payment = await sign();
  for (let attempt = 1; payment; attempt++) {
    const { outgoing } = payment;
    try {
      return { accepted: await send({ [outgoing.headerName]: outgoing.header }), payment };
    } catch (error) {
      const answer = error instanceof NodeRefusal ? error : undefined;
      const header = (name: string) => answer?.headers.get(name) ?? undefined;
      const conclusion = await outgoing.conclude(answer && { status: answer.status, header });
      if (conclusion?.kind === 'again' && attempt < mostAttempts) {
        payment = await sign();
        continue;
      }
      if (answer?.status === 402) throw refused(payment, answer);
      if (answer) throw explained(answer);
      throw new CliError(`The payment of ${payment.price} was sent, and no answer came: the run may have begun.`, {
        advice: 'See whether it was charged before paying again: freehold spend',
        cause: error,
      });
    }
  }
  return undefined;
}

function refused({ price }: Payment, { headers }: NodeRefusal): CliError {
  const again = headers.get(paymentRequiredHeader);
  const why = (again === null ? undefined : readDemand({ header: again, url: '' })?.required.error) ?? 'no reason was given';
  return new CliError(`The payment of ${price} was refused: ${plainText(why).replace(/\.$/, '')}.`, {
    exitCode: exitCode.refused,
    advice: 'Check the money of the paying key: freehold key balance',
  });
}

/** A refusal that passes says when to come back. */
function explained(error: unknown): unknown {
  if (!(error instanceof NodeRefusal) || error.status !== 429) return error;
  const after = error.headers.get('retry-after');
  return new CliError(`The node has too much to do: ${error.message}`, {
    advice: `Nothing was charged. Try again${after === null ? ' later' : ` in ${after} s`}.`,
    cause: error,
  });
}
