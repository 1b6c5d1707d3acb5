import { readFileSync, writeFileSync } from 'node:fs';
import { decodeSettleResponse, paymentResponseHeader, paymentSignatureHeader, type SettleResponse } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import type { AnswerHead } from './answer-head.ts';
import { runCurl } from './attempt.ts';
import { withOptions, type CommandLine } from './command-line.ts';
import { keepDumpedHeader } from './dump-header.ts';
import { exitCode } from './exit-code.ts';
import type { Payment } from './payment.ts';
import type { openPrivateDir } from './private-dir.ts';
import { readReceipt } from './receipt.ts';
import type { Request } from './request.ts';

/** The second attempt: the same request with the payment, curl's output going straight to ours. Errors: CliError 123. */
export async function sendPaid({
  payment,
  commandLine,
  request,
  stdinFile,
  dir,
  context,
}: {
  payment: Payment;
  commandLine: CommandLine;
  request: Request;
  stdinFile: string | undefined;
  dir: ReturnType<typeof openPrivateDir>;
  context: Context;
}): Promise<number> {
  // Arguments are visible to every user of the machine, so the header comes from a file that only we can read.
  const paymentFile = dir.file('payment');
  writeFileSync(paymentFile, `${paymentSignatureHeader}: ${payment.header}\n`, { mode: 0o600, flag: 'wx' });
  const headFile = dir.file('heads-2');
  const { exitCode: code, heads } = await runCurl({
    args: withOptions(atDestination(commandLine, { payment, request }), [
      '--header',
      `@${paymentFile}`,
      // curl carries a custom header to wherever a redirect leads: with the payment it follows none.
      '--no-location',
      '--no-location-trusted',
      '--dump-header',
      headFile,
    ]),
    headFile,
    stdinFile,
    ...(request.dumpHeader === '-' && { judge: () => 'release' as const, prelude: () => readFileSync(headFile) }),
    context,
  });
  keepDumpedHeader({ headFile, request, context });
  return conclude({ payment, code, answer: heads.at(-1), commandLine, request, context });
}

/** Asks directly where the redirects of the first attempt led. */
function atDestination(
  commandLine: CommandLine,
  { payment: { destination }, request }: { payment: Payment; request: Request },
): CommandLine {
  if (destination.hops === 0 || request.urlAt === undefined) return commandLine;
  return { ...commandLine, args: commandLine.args.with(request.urlAt, destination.url.href) };
}

async function conclude({
  payment,
  code,
  answer,
  commandLine: { own },
  request,
  context,
}: {
  payment: Payment;
  code: number;
  answer: AnswerHead | undefined;
  commandLine: CommandLine;
  request: Request;
  context: Context;
}): Promise<number> {
  const say = (text: string) => context.stderr.write(`freehold: ${text}\n`);
  if (!answer) {
    say(`the payment of ${payment.price} was sent, and no answer came: it may have been taken. Ask the seller before paying again.`);
    return code;
  }
  const settlement = readSettlement(answer);
  if (answer.status === 402 || settlement?.success === false) {
    const why = settlement?.errorMessage ?? settlement?.errorReason ?? readError(answer) ?? 'no reason was given';
    throw new CliError(`The payment of ${payment.price} was refused: ${why.replace(/\.$/, '')}.`, {
      exitCode: exitCode.refused,
      advice: 'Check the money of the paying key: freehold key balance',
    });
  }
  const receipt = await readReceipt({ answer, payment, settlement, context });
  if (answer.fields.has('location') && request.has('--location', '--location-trusted', '--follow')) {
    say(`the paid answer redirects to ${answer.fields.get('location')}; it was not followed, so that the payment stays where it was made.`);
  }
  if (own.trace || (context.stderr.isTTY && !request.has('--silent'))) {
    const transaction = settlement?.transaction ? ` tx ${settlement.transaction}` : '';
    say(
      settlement?.success
        ? `paid ${payment.price} to ${payment.chosen.requirement.payTo}${transaction}${receipt}`
        : `nothing was charged${receipt}`,
    );
  }
  return code;
}

function readSettlement({ fields }: AnswerHead): SettleResponse | undefined {
  const header = fields.get(paymentResponseHeader);
  try {
    return header === undefined ? undefined : decodeSettleResponse(header);
  } catch {
    return undefined;
  }
}

function readError({ fields }: AnswerHead): string | undefined {
  try {
    const demand: unknown = JSON.parse(Buffer.from(fields.get('payment-required') ?? '', 'base64').toString());
    return typeof demand === 'object' && demand !== null && 'error' in demand && typeof demand.error === 'string'
      ? demand.error
      : undefined;
  } catch {
    return undefined;
  }
}
