import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { runCurl } from './attempt.ts';
import { readAnswerHeads } from './answer-head.ts';
import type { CommandLine } from './command-line.ts';
import { exitCode } from './exit-code.ts';
import type { openPrivateDir } from './private-dir.ts';
import type { Request } from './request.ts';
import { existsSync, readFileSync } from 'node:fs';

/** Several transfers in one command: curl runs as it was called, and what asks for payment is told, not paid. Errors: CliError 122. */
export async function runSeveral({
  commandLine,
  request,
  stdinFile,
  dir,
  context,
}: {
  commandLine: CommandLine;
  request: Request;
  stdinFile: string | undefined;
  dir: ReturnType<typeof openPrivateDir>;
  context: Context;
}): Promise<number> {
  const { args, tokens, optionsEnd } = commandLine;
  // `--next` starts a new set of options, so each set is told where to dump its heads.
  const ends = [...tokens.filter(({ name }) => name === '--next').map(({ at }) => at ?? optionsEnd), optionsEnd];
  const headFiles = ends.map((_, index) => dir.file(`heads-${index}`));
  const watched = request.dumpHeader === undefined;
  const all = watched
    ? ends.reduceRight((list, end, index) => list.toSpliced(end, 0, '--dump-header', headFiles[index] ?? ''), args)
    : args;
  const { exitCode: code } = await runCurl({ args: all, headFile: undefined, stdinFile, context });

  const heads = headFiles.filter((file) => existsSync(file)).flatMap((file) => readAnswerHeads(readFileSync(file, 'latin1')));
  const unpaid = heads.filter(({ status, fields }) => status === 402 && fields.has('payment-required')).length;
  if (unpaid === 0 || (code !== 0 && code !== 22)) return code;
  throw new CliError(
    `${unpaid === 1 ? 'An answer asks' : `${unpaid} answers ask`} for payment, and nothing was paid: freehold curl pays for one URL at a time.`,
    {
      exitCode: exitCode.noOption,
      advice: 'Call each URL with a command of its own, without --next, URL lists or {} and [] patterns (-g turns patterns off).',
    },
  );
}
