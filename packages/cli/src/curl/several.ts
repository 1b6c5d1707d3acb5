import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { runCurl } from './attempt.ts';
import type { CommandLine, Token } from './command-line.ts';
import { exitCode } from './exit-code.ts';
import type { OptionTable } from './option-table.ts';
import { openPrivateDir } from './private-dir.ts';
import { describeRequest } from './request.ts';
import { splitTransfers, type Part } from './split.ts';
import { runTransfer, type Transfer } from './transfer.ts';

/** Processes at once, whatever `--parallel-max` allows. */
const mostAtOnce = 16;
/** After these curl gives up the rest as well (its `is_fatal_error`). */
const fatal = new Set([2, 27, 41, 43, 48]);

/**
 * Several transfers in one command: each is a curl of its own, in curl's order, so that each can be paid for before the next begins;
 * with `-Z` several at once. Answers what curl would: the code of the last transfer, with `-Z` that of the last one that failed; and one
 * of ours when a payment failed and that would be hidden by success.
 */
export async function runSeveral({
  commandLine,
  tokens,
  table,
  stdinFile,
  openWallet,
  context,
}: {
  commandLine: CommandLine;
  /** Those of the command line, with the content of config files in place. */
  tokens: readonly Token[];
  table: OptionTable;
  stdinFile: string | undefined;
  openWallet: Transfer['openWallet'];
  context: Context;
}): Promise<number> {
  const parts = splitTransfers(commandLine, tokens, table);
  const [first] = parts ?? [];
  if (!parts || !first) return (await runCurl({ args: commandLine.args, headFile: undefined, stdinFile, context })).exitCode;

  using shared = openPrivateDir();
  const has = (name: string) => tokens.some((token) => token.name === name);
  const isParallel = has('--parallel');
  const codes: number[] = [];
  let ownFailure = 0;
  const runPart = async (part: Part) => {
    const code = await runOne(part, { jar: shared.file(`cookies-${part.group}`), stdinFile, openWallet, context });
    codes.push(code);
    if (code >= exitCode.noKey && code <= exitCode.refused) ownFailure = code;
    return !(fatal.has(code) || (code !== 0 && has('--fail-early')) || context.signal.aborted);
  };

  const waiting = parts.values();
  let goesOn = true;
  const worker = async () => {
    for (const part of waiting) {
      if (!goesOn) return;
      goesOn = await runPart(part);
    }
  };
  const most = Number(tokens.findLast(({ name }) => name === '--parallel-max')?.value ?? mostAtOnce);
  const workers = isParallel ? Math.max(1, Math.min(most || mostAtOnce, mostAtOnce, parts.length)) : 1;
  await Promise.all(Array.from({ length: workers }, worker));
  const code = (isParallel ? codes.findLast((each) => each !== 0) : codes.at(-1)) ?? 0;
  return code === 0 ? ownFailure : code;
}

async function runOne(
  { commandLine, index }: Part,
  {
    jar,
    stdinFile,
    openWallet,
    context,
  }: { jar: string; stdinFile: string | undefined; openWallet: Transfer['openWallet']; context: Context },
): Promise<number> {
  using dir = openPrivateDir();
  const withCookies = sharingCookies(commandLine, { jar, index });
  const request = describeRequest(withCookies.tokens, context);
  if (!request.isHttp) return (await runCurl({ args: withCookies.args, headFile: undefined, stdinFile, context })).exitCode;
  try {
    return await runTransfer({ commandLine: withCookies, request, stdinFile, dir, isFollowing: index > 0, openWallet, context });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.stderr.write(`freehold: ${error.message}\n${error.advice === undefined ? '' : `${error.advice}\n`}`);
    return error.exitCode;
  }
}

/** Within one set of options curl keeps cookies from one transfer to the next; between processes a file does. */
function sharingCookies(commandLine: CommandLine, { jar, index }: { jar: string; index: number }): CommandLine {
  const { tokens, args } = commandLine;
  const named = tokens.findLast(({ name }) => name === '--cookie-jar')?.value;
  if (named === '-' || !tokens.some(({ name }) => name === '--cookie' || name === '--cookie-jar')) return commandLine;
  const file = named ?? jar;
  const added = [...(named === undefined ? ['--cookie-jar', file] : []), ...(index > 0 ? ['--cookie', file] : [])];
  return { ...commandLine, args: [...args, ...added], optionsEnd: args.length + added.length };
}
