import type { Context } from './context.ts';
import { CliError } from './error.ts';

/** Runs one command line and answers its exit code: 0 done, 1 failed, 2 not understood, and those a command documents. Never throws. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  try {
    // curl's arguments are curl's: they must not be read, reordered or completed by a parser of ours.
    if (argv[0] === 'curl') return await (await import('./curl/command.ts')).curlCommand(argv.slice(1), context);
    return await (await import('./program.ts')).runProgram(argv, context);
  } catch (error) {
    return report(error, context);
  }
}

function report(error: unknown, { stderr, settings }: Context): number {
  const red = (text: string) => (stderr.isTTY && settings.color ? `\x1b[31m${text}\x1b[39m` : text);
  const message = error instanceof Error ? error.message : String(error);
  stderr.write(`${red('freehold:')} ${message}\n`);
  if (error instanceof CliError && error.advice) stderr.write(`${error.advice}\n`);
  return error instanceof CliError ? error.exitCode : 1;
}
