import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import type { PayingWallet } from '../pay/open-wallet.ts';
import type { AnswerHead } from './answer-head.ts';
import { runCurl, type Verdict } from './attempt.ts';
import { withOptions, type CommandLine } from './command-line.ts';
import { dumpedFor, keepDumpedHeader } from './dump-header.ts';
import { exitCode } from './exit-code.ts';
import { guardArguments, guardFor, moveIntoPlace } from './output-files.ts';
import type { openPrivateDir } from './private-dir.ts';
import { destinationOf } from './redirects.ts';
import type { Request } from './request.ts';
import { termsBody } from './terms-body.ts';

/** x402 over HTTP, version 2. Named here too so that a call that costs nothing loads no schema. */
const paymentRequired = 'payment-required';

/** Answers that `--retry` makes curl ask again about (curl's manual). */
const transient = new Set([408, 429, 500, 502, 503, 504]);

export type Transfer = {
  commandLine: CommandLine;
  request: Request;
  /** What standard input was, when curl reads it. */
  stdinFile: string | undefined;
  /** A directory of this transfer alone. */
  dir: ReturnType<typeof openPrivateDir>;
  /** True when another transfer of the same set came before: heads are added to the file of `-D`. */
  isFollowing?: boolean;
  /** Opened when there is something to pay; the same for every transfer of a command. */
  openWallet(): Promise<PayingWallet>;
  context: Context;
};

/**
 * One transfer of the system's curl, paying where it is asked to (facts: x402-and-os402 §6.1). The first attempt is curl as it was called,
 * its output held until the status is known; an answer of 402 is dropped, paid, and asked again with the payment in a header that is read
 * from a private file. Answers curl's exit code. Errors: CliError 2, 120 to 123.
 */
export async function runTransfer(transfer: Transfer): Promise<number> {
  const { commandLine, request, stdinFile, dir, context } = transfer;
  const guard = guardFor(request);
  const aside = dir.file('aside');
  const headFile = dir.file('heads-1');
  const first = await runCurl({
    args: withOptions(commandLine, [
      ...guardArguments(guard, { request, aside }),
      // To a terminal curl shows no progress; to our pipe it would.
      ...(context.stdout.isTTY && !request.output && !request.has('--progress-bar') ? ['--no-progress-meter'] : []),
      '--dump-header',
      headFile,
    ]),
    headFile,
    stdinFile,
    judge: (head) => judge(head, { request, isFailing: guard === 'fail' }),
    prelude: () => dumpedFor(request, headFile),
    context,
  });

  const answer = first.heads.at(-1);
  const asWritten = async () => {
    // The guard kept the body of an error from the file: it is asked for once more, as the person wrote it.
    const lacksBody = guard === 'fail' && answer !== undefined && answer.status >= 400 && !request.has('--fail');
    if (lacksBody)
      return (await runCurl({ args: withOptions(commandLine, ['--retry', '0']), headFile: undefined, stdinFile, context })).exitCode;
    await first.release();
    if (guard === 'aside' && request.output) moveIntoPlace({ aside, output: request.output, request });
    keepDumpedHeader({ headFile, ...transfer });
    return first.exitCode;
  };
  if (answer?.status !== 402 || first.isReleased) return asWritten();

  const header = answer.fields.get(paymentRequired);
  // Version 1 asks in the body.
  const body = header === undefined ? await termsBody({ transfer, held: first.body, guard, aside, answer }) : '';
  if (header === undefined && body === undefined) return asWritten();

  const [{ readDemand, safeDestination, signPayment }, { sendPaid }] = await Promise.all([
    import('./payment.ts'),
    import('./send-paid.ts'),
  ]);
  try {
    const terms = readDemand({ header, body: body ?? '', url: request.url ?? '' });
    if (!terms) return await asWritten();
    const destination = safeDestination(destinationOf({ asked: request.url ?? '', heads: first.heads, method: request.method }), request);
    const wallet = await transfer.openWallet();
    const { own } = commandLine;
    const sign = () => signPayment({ terms, destination, method: request.method, own, wallet, context, command: 'freehold curl' });
    const payment = await sign();
    return payment ? await sendPaid({ payment, again: sign, transfer }) : 0;
  } catch (error) {
    // A 402 that was not paid is shown as curl would have shown it, except in a file: that may hold something worth keeping.
    const isOurs = error instanceof CliError && error.exitCode >= exitCode.noKey && error.exitCode !== exitCode.refused;
    if (isOurs && !request.output) await first.release();
    if (isOurs) keepDumpedHeader({ headFile, ...transfer });
    throw error;
  }
}

function judge({ status, fields }: AnswerHead, { request, isFailing }: { request: Request; isFailing: boolean }): Verdict {
  // With -f, curl takes a 402 for an error, and --retry-all-errors would ask again and again before we may pay.
  if (status === 402) return request.has('--retry-all-errors') && fields.has(paymentRequired) ? 'stop' : 'hold';
  const mayGoOn = status < 200 || (status >= 300 && status < 400) || status === 401 || status === 407;
  if (mayGoOn || (request.has('--retry') && transient.has(status))) return 'hold';
  return isFailing && status >= 400 && !request.has('--fail') ? 'hold' : 'release';
}
