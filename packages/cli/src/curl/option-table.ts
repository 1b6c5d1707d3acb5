import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CliError } from '../error.ts';
import { exitCode } from './exit-code.ts';

export type CurlOption = { name: string; takesValue: boolean };

/** What the installed curl understands: `-d` and `--data` lead to the same entry. */
export type OptionTable = ReadonlyMap<string, CurlOption>;

const installCurl = {
  linux: 'sudo apt install curl   (or: dnf install curl, apk add curl, pacman -S curl)',
  darwin: 'brew install curl',
  win32: 'winget install cURL.cURL',
} as Record<string, string>;

export const curlMissing = (cause: unknown): CliError =>
  new CliError('curl was not found, and what is built in has one URL and the options -X -d --json -H -A -o -O -i -I -L -f -s -S.', {
    exitCode: exitCode.curlMissing,
    advice: `Install it: ${installCurl[process.platform] ?? installCurl['linux']}`,
    cause,
  });

/** Asked of curl itself at each run, so that every version is understood as it is. Errors: CliError 127 when there is no curl. */
export async function readOptionTable(environment: Readonly<Record<string, string | undefined>>): Promise<OptionTable> {
  try {
    const { stdout } = await promisify(execFile)('curl', ['--help', 'all'], { encoding: 'utf8', env: { ...environment } });
    return parseOptionTable(stdout);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw curlMissing(error);
    throw error;
  }
}

/** Lines such as ` -d, --data <data>        HTTP POST data`. */
export function parseOptionTable(help: string): OptionTable {
  const table = new Map<string, CurlOption>();
  for (const line of help.split('\n')) {
    const [, short, long, value] = /^\s*(?:(-.), )?\s*(--[\w.-]+)( <)?/.exec(line) ?? [];
    if (!long) continue;
    const option = { name: long, takesValue: value !== undefined };
    table.set(long, option);
    if (short) table.set(short, option);
  }
  return table;
}
