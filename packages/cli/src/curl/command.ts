import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../context.ts';
import type { PayingWallet } from '../pay/open-wallet.ts';
import { runCurl } from './attempt.ts';
import { readCommandLine } from './command-line.ts';
import { configuredTokens } from './config-file.ts';
import { curlHelp } from './help.ts';
import { readOptionTable } from './option-table.ts';
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
  const table = await readOptionTable(context.settings.childEnvironment);
  const commandLine = readCommandLine(argv, table);
  const { args, tokens, own } = commandLine;
  using dir = openPrivateDir();
  const stdinFile = describeRequest(tokens, context).readsStdin ? dir.file('stdin') : undefined;
  if (stdinFile) await pipeline(context.stdin, createWriteStream(stdinFile, { mode: 0o600, flags: 'wx' }));

  const request = describeRequest([...tokens, ...configuredTokens(tokens, { table, stdinFile, cwd: context.cwd })], context);
  if (request.isAboutCurl || !request.isHttp) return (await runCurl({ args, headFile: undefined, stdinFile, context })).exitCode;

  using opened = new DisposableStack();
  let wallet: Promise<PayingWallet> | undefined;
  const openWallet = () =>
    (wallet ??= import('../pay/open-wallet.ts').then(async (pay) => opened.use(await pay.openPayingWallet(own, context))));
  if (request.url === undefined) return await runSeveral({ commandLine, request, stdinFile, dir, context });
  return await runTransfer({ commandLine, request, stdinFile, dir, openWallet, context });
}
