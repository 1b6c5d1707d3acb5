import { writeFileSync } from 'node:fs';
import { settlementIn } from '@freehold/payments';
import { CliError } from '../error.ts';
import type { AnswerHead } from './answer-head.ts';
import { runCurl, type Attempt } from './attempt.ts';
import { withOptions, type CommandLine } from './command-line.ts';
import { dumpedFor, keepDumpedHeader } from './dump-header.ts';
import { exitCode } from './exit-code.ts';
import { moveIntoPlace } from './output-files.ts';
import { priceOf, type Payment } from './payment.ts';
import { readReceipt } from './receipt.ts';
import type { Transfer } from './transfer.ts';

/** A seller that corrects us again and again would never be done. */
const mostAttempts = 3;

/**
 * The second attempt: the same request with the payment. curl's output goes straight to ours, unless the payment relies on state that the
 * seller may have to correct: then a 402 is held, and answered once more. Errors: CliError 123.
 */
export async function sendPaid({
  payment,
  again,
  transfer,
}: {
  payment: Payment;
  /** Signs anew after a correction. */
  again: () => Promise<Payment | undefined>;
  transfer: Transfer;
}): Promise<number> {
  const isCorrectable = payment.outgoing.scheme !== 'exact';
  for (let current = payment, attempt = 1; ; attempt++) {
    const sent = await send(current, attempt, isCorrectable, transfer);
    const isCorrected = await conclude(current, sent, attempt, transfer);
    const next = isCorrected ? await again() : undefined;
    if (!next) return sent.exitCode;
    current = next;
  }
}

type Sent = Attempt & { headFile: string; aside: string | undefined };

async function send(
  { outgoing, destination }: Payment,
  attempt: number,
  isCorrectable: boolean,
  { commandLine, request, stdinFile, dir, context }: Transfer,
): Promise<Sent> {
  // Arguments are visible to every user of the machine, so the header comes from a file that only we can read.
  const paymentFile = dir.file(`payment-${attempt}`);
  writeFileSync(paymentFile, `${outgoing.headerName}: ${outgoing.header}\n`, { mode: 0o600, flag: 'wx' });
  const headFile = dir.file(`paid-heads-${attempt}`);
  const aside = isCorrectable && request.output ? dir.file(`paid-aside-${attempt}`) : undefined;
  const isJudged = isCorrectable || request.dumpHeader === '-';
  const done = await runCurl({
    args: withOptions(atDestination(commandLine, { destination, request }), [
      '--header',
      `@${paymentFile}`,
      // curl carries a custom header to wherever a redirect leads: with the payment it follows none.
      '--no-location',
      '--no-location-trusted',
      ...(aside === undefined ? [] : ['--output-dir', aside, '--create-dirs']),
      '--dump-header',
      headFile,
    ]),
    headFile,
    stdinFile,
    ...(isJudged && {
      judge: ({ status }: AnswerHead) => (status < 200 || (isCorrectable && status === 402) ? ('hold' as const) : ('release' as const)),
      prelude: () => dumpedFor(request, headFile),
    }),
    context,
  });
  return { ...done, headFile, aside };
}

/** Asks directly where the redirects of the first attempt led. */
function atDestination(
  commandLine: CommandLine,
  { destination, request }: { destination: Payment['destination']; request: Transfer['request'] },
): CommandLine {
  if (destination.hops === 0 || request.urlAt === undefined) return commandLine;
  return { ...commandLine, args: commandLine.args.with(request.urlAt, destination.url.href) };
}

/** Tells ledger and person how it ended; answers whether to pay anew, because the seller has corrected us. Errors: CliError 123. */
async function conclude(payment: Payment, sent: Sent, attempt: number, transfer: Transfer): Promise<boolean> {
  const { commandLine, request, context } = transfer;
  const { own } = commandLine;
  const say = (text: string) => context.stderr.write(`freehold: ${text}\n`);
  const answer = sent.heads.at(-1);
  const told = answer && { status: answer.status, header: (name: string) => answer.fields.get(name), body: sent.body.toString() };
  const conclusion = await payment.outgoing.conclude(told);
  if (conclusion?.kind === 'again' && attempt < mostAttempts) return true;
  await sent.release();
  if (sent.aside !== undefined && request.output) moveIntoPlace({ aside: sent.aside, output: request.output, request });
  keepDumpedHeader({ headFile: sent.headFile, ...transfer });
  if (!answer || !told) {
    say(`the payment of ${payment.price} was sent, and no answer came: it may have been taken. Ask the seller before paying again.`);
    return false;
  }
  const settlement = settlementIn(told);
  if (answer.status === 402 || settlement?.success === false) {
    throw new CliError(
      `The payment of ${payment.price} was refused: ${(conclusion?.reason ?? 'no reason was given').replace(/\.$/, '')}.`,
      {
        exitCode: exitCode.refused,
        advice: 'Check the money of the paying key: freehold key balance',
      },
    );
  }
  const receipt = await readReceipt({ answer, payment, settlement, context });
  if (answer.fields.has('location') && request.has('--location', '--location-trusted', '--follow')) {
    say(`the paid answer redirects to ${answer.fields.get('location')}; it was not followed, so that the payment stays where it was made.`);
  }
  if (own.trace || (context.stderr.isTTY && !request.has('--silent'))) {
    const transaction = settlement?.transaction ? ` tx ${settlement.transaction}` : '';
    const { token, requirement } = payment.outgoing;
    say(
      conclusion?.kind === 'paid'
        ? `paid ${priceOf(conclusion.charged, token)} to ${requirement.payTo}${transaction}${receipt}`
        : `nothing was charged${receipt}`,
    );
  }
  return false;
}
