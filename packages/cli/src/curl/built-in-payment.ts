import { paymentRequiredHeader } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import type { PayingWallet } from '../pay/open-wallet.ts';
import type { PayOptions } from '../pay/options.ts';
import { exitCode } from './exit-code.ts';
import { priceOf, readDemand, safeDestination, signPayment } from './payment.ts';

const mostAttempts = 3;

/** What became of a 402: the paid answer, the 402 itself when it asks for nothing that x402 knows, or undefined after a dry run. Errors: CliError. */
export async function payFor({
  demand,
  address,
  isOurs,
  send,
  method,
  own,
  openWallet,
  context,
}: {
  demand: Response;
  address: URL;
  /** False behind a redirect to another origin, or to another request than the one that was written. */
  isOurs: boolean;
  /** The same request, with one header more. */
  send(name: string, value: string): Promise<Response>;
  method: string;
  own: PayOptions & { trace: boolean };
  openWallet(): Promise<PayingWallet>;
  context: Context;
}): Promise<Response | undefined> {
  const terms = await termsOf(demand, address);
  if (!terms) return demand;
  const wanted = { url: address, isSameOrigin: isOurs, keptMethod: true, hops: 0 };
  const destination = safeDestination(wanted, undefined);
  const wallet = await openWallet();
  for (let attempt = 1; ; attempt++) {
    const payment = await signPayment({ terms, destination, method, own, wallet, context, command: 'freehold curl' });
    if (!payment) return undefined;
    const { outgoing } = payment;
    let answer: Response;
    try {
      answer = await send(outgoing.headerName, outgoing.header);
    } catch (error) {
      await outgoing.conclude(undefined);
      context.stderr.write(
        `freehold: the payment of ${payment.price} was sent, and no answer came: it may have been taken. Ask the seller before paying again.\n`,
      );
      throw error;
    }
    const conclusion = await outgoing.conclude({ status: answer.status, header: (name) => answer.headers.get(name) ?? undefined });
    if (conclusion?.kind === 'again' && attempt < mostAttempts) continue;
    if (answer.status === 402) {
      throw new CliError(`The payment of ${payment.price} was refused: ${conclusion?.reason ?? 'no reason was given'}.`, {
        exitCode: exitCode.refused,
        advice: 'Check the money of the paying key: freehold key balance',
      });
    }
    if (own.trace)
      context.stderr.write(
        conclusion?.kind === 'paid'
          ? `freehold: paid ${priceOf(conclusion.charged, outgoing.token)} to ${outgoing.requirement.payTo}\n`
          : 'freehold: nothing was charged\n',
      );
    return answer;
  }
}

async function termsOf(response: Response, address: URL) {
  const header = response.headers.get(paymentRequiredHeader) ?? undefined;
  return readDemand({ header, body: header === undefined ? await response.clone().text() : '', url: address.href });
}
