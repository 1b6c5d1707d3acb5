import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import type { PayingWallet } from '../pay/open-wallet.ts';
import type { PayOptions } from '../pay/options.ts';
import { runCurl } from './attempt.ts';
import { readCommandLine } from './command-line.ts';
import { withConfigured } from './config-file.ts';
import { curlHelp } from './help.ts';
import { readOptionTable, type OptionTable } from './option-table.ts';
import { openPrivateDir } from './private-dir.ts';
import { describeRequest } from './request.ts';
import { runSeveral } from './several.ts';
import { runTransfer } from './transfer.ts';

/** The system's curl with a wallet. Answers curl's exit code, or one of ours. Errors: CliError. */
export async function curlCommand(argv: readonly string[], context: Context): Promise<number> {
  if (argv.length === 0 || argv.includes('--help')) {
    context[argv.length === 0 ? 'stderr' : 'stdout'].write(curlHelp);
    return argv.length === 0 ? 2 : 0;
  }
  using opened = new DisposableStack();
  let wallet: Promise<PayingWallet> | undefined;
  const openFor = (options: PayOptions) =>
    (wallet ??= import('../pay/open-wallet.ts').then(async (pay) => opened.use(await pay.openPayingWallet(options, context))));
  let table: OptionTable;
  try {
    table = await readOptionTable(context.settings.childEnvironment);
  } catch (missing) {
    if (!(missing instanceof CliError)) throw missing;
    return await (await import('./built-in.ts')).builtInCurl(argv, { openWallet: openFor, context, missing });
  }
  const commandLine = readCommandLine(argv, table);
  const { args, tokens, own } = commandLine;
  using dir = openPrivateDir();
  const written = withConfigured(tokens, { table, stdinFile: undefined, cwd: context.cwd });
  const stdinFile = describeRequest(written, context).readsStdin ? dir.file('stdin') : undefined;
  if (stdinFile) await pipeline(context.stdin, createWriteStream(stdinFile, { mode: 0o600, flags: 'wx' }));

  const all = withConfigured(tokens, { table, stdinFile, cwd: context.cwd });
  const request = describeRequest(all, context);
  // The value that is missing would be taken from what we add.
  const last = tokens.at(-1);
  const isCut = last !== undefined && last.value === undefined && table.get(last.name)?.takesValue === true;
  if (isCut || request.isAboutCurl || !request.isHttp) return (await runCurl({ args, headFile: undefined, stdinFile, context })).exitCode;

  const openWallet = () => openFor(own);
  if (request.url === undefined) return await runSeveral({ commandLine, tokens: all, table, stdinFile, openWallet, context });
  return await runTransfer({ commandLine, request, stdinFile, dir, openWallet, context });
}
