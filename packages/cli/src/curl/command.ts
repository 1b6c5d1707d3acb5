import { createWriteStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import type { AnswerHead } from './answer-head.ts';
import { runCurl, type Verdict } from './attempt.ts';
import { readCommandLine, withOptions } from './command-line.ts';
import { configuredTokens } from './config-file.ts';
import { keepDumpedHeader } from './dump-header.ts';
import { exitCode } from './exit-code.ts';
import { curlHelp } from './help.ts';
import { readOptionTable } from './option-table.ts';
import { guardArguments, guardFor, moveIntoPlace } from './output-files.ts';
import { openPrivateDir } from './private-dir.ts';
import { destinationOf } from './redirects.ts';
import { describeRequest, type Request } from './request.ts';
import { runSeveral } from './several.ts';

/** x402 over HTTP, version 2. Named here too so that a call that costs nothing loads no schema. */
const paymentRequired = 'payment-required';

/** Answers that `--retry` makes curl ask again about (curl's manual). */
const transient = new Set([408, 429, 500, 502, 503, 504]);

/**
 * The system's curl, paying where it is asked to (facts: x402-and-os402 §6.1). The first attempt is curl as it was called, its output
 * held until the status is known; an answer of 402 is dropped, paid, and asked again with the payment in a header that is read from a
 * private file. Answers curl's exit code, or one of ours.
 */
export async function curlCommand(argv: readonly string[], context: Context): Promise<number> {
  if (argv.length === 0 || argv.includes('--help')) {
    context[argv.length === 0 ? 'stderr' : 'stdout'].write(curlHelp);
    return argv.length === 0 ? 2 : 0;
  }
  const table = await readOptionTable(context.settings.childEnvironment);
  const commandLine = readCommandLine(argv, table);
  const { args, tokens, own } = commandLine;
  using dir = openPrivateDir();
  const stdinFile = describeRequest(tokens, context).readsStdin ? dir.file('stdin') : undefined;
  if (stdinFile) await pipeline(context.stdin, createWriteStream(stdinFile, { mode: 0o600, flags: 'wx' }));

  const request = describeRequest([...tokens, ...configuredTokens(tokens, { table, stdinFile, cwd: context.cwd })], context);
  const asIs = () => runCurl({ args, headFile: undefined, stdinFile, context });
  if (request.isAboutCurl || !request.isHttp) return (await asIs()).exitCode;
  if (request.url === undefined) return await runSeveral({ commandLine, request, stdinFile, dir, context });

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
    prelude: () => (request.dumpHeader === '-' ? readFileSync(headFile) : Buffer.alloc(0)),
    context,
  });

  const answer = first.heads.at(-1);
  const demand = answer?.status === 402 && !first.isReleased ? answer.fields.get(paymentRequired) : undefined;
  if (demand === undefined) {
    // The guard kept the body of an error from the file: it is asked for once more, as the person wrote it.
    const lacksBody = guard === 'fail' && answer !== undefined && answer.status >= 400 && !request.has('--fail');
    if (lacksBody)
      return (await runCurl({ args: withOptions(commandLine, ['--retry', '0']), headFile: undefined, stdinFile, context })).exitCode;
    await first.release();
    if (guard === 'aside' && request.output) moveIntoPlace({ aside, output: request.output, request });
    keepDumpedHeader({ headFile, request, context });
    return first.exitCode;
  }

  const [{ openPayment }, { sendPaid }] = await Promise.all([import('./payment.ts'), import('./send-paid.ts')]);
  try {
    const destination = destinationOf({ asked: request.url, heads: first.heads, method: request.method });
    const payment = await openPayment({ demand, destination, request, own, context });
    return payment ? await sendPaid({ payment, commandLine, request, stdinFile, dir, context }) : 0;
  } catch (error) {
    // A 402 that was not paid is shown as curl would have shown it, except in a file: that may hold something worth keeping.
    const isOurs = error instanceof CliError && error.exitCode >= exitCode.noKey && error.exitCode !== exitCode.refused;
    if (isOurs && !request.output) await first.release();
    if (isOurs) keepDumpedHeader({ headFile, request, context });
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
