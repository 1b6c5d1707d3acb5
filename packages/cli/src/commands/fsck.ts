import { resolve } from 'node:path';
import { checkDrives, ConfigError, driveReport, readConfig, type DriveReport } from '@freehold/node';
import { FreeholdError } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { openNodeClient } from '../node/client.ts';
import { print } from '../output.ts';

type FsckOptions = { data?: string; node?: string; rehash?: boolean; repair?: boolean; json?: boolean };
type Finding = DriveReport['findings'][number];

const repairsLeft = 3;
const lostLeft = 4;
/** A line of progress is replaced at most so often, in milliseconds. */
const refresh = 100;

/**
 * Checks the drives of a node. 0: all is well, or was repaired, or there is nothing but notices; 1: it could not be checked; 3: there is
 * something to repair; 4: bytes of a user are lost, or something else needs a person. Errors: CliError.
 */
export async function fsck({ data, node, rehash = false, repair = false, json }: FsckOptions, context: Context): Promise<number> {
  const dataDirectory = data === undefined ? context.settings.dataDir : resolve(context.cwd, data);
  const line = progressLine(context);
  const findings = await check().finally(line.end);
  const code = codeOf(findings);
  print(context, { json, value: { dataDirectory, ok: code === 0, findings }, text: describe(findings, context) });
  return code;

  async function check(): Promise<Finding[]> {
    try {
      const { databaseUrl, bucket } = readConfig({ environment: context.settings.childEnvironment });
      return await checkDrives({ dataDirectory, databaseUrl, bucket, rehash, repair, signal: context.signal, onProgress: line.show });
    } catch (cause) {
      if (cause instanceof ConfigError && cause.code === 'data_in_use') return askRunningNode();
      if (!(cause instanceof FreeholdError)) throw cause;
      throw new CliError(cause.message, { cause });
    }
  }

  /** The data directory is in use: the node itself can look, but not be repaired under way. */
  async function askRunningNode(): Promise<Finding[]> {
    const stop = 'Stop the node and run this again.';
    if (repair) throw new CliError(`The node on ${dataDirectory} is running, and nothing is repaired while it does.`, { advice: stop });
    const url = node ?? context.settings.node;
    line.show({ check: `the running node at ${url}` });
    const client = openNodeClient({ node: url, signal: context.signal });
    const report = await client.post('/api/drive/audit', { rehash }, driveReport);
    if (report.dataDirectory !== dataDirectory)
      throw new CliError(`${dataDirectory} is in use, but the node at ${url} runs on ${report.dataDirectory}.`, {
        advice: `Name the right one with --node URL. Or: ${stop}`,
      });
    return report.findings;
  }
}

function codeOf(findings: readonly Finding[]): number {
  const left = findings.filter(({ severity, repaired }) => severity !== 'notice' && !repaired);
  if (left.length === 0) return 0;
  return left.every(({ repairable }) => repairable) ? repairsLeft : lostLeft;
}

const colors = { notice: 36, wrong: 33, lost: 31, repaired: 32 };

function describe(findings: readonly Finding[], { stdout, settings }: Context): string {
  const paint = (word: keyof typeof colors) =>
    stdout.isTTY && settings.color ? `\x1b[${colors[word]}m${word.padEnd(8)}\x1b[39m` : word.padEnd(8);
  const lines = findings.map(({ severity, message, repaired }) => `${paint(repaired ? 'repaired' : severity)}  ${message}`);
  return [...lines, ...(lines.length > 0 ? [''] : []), summary(findings)].join('\n');
}

function summary(findings: readonly Finding[]): string {
  const repaired = findings.filter((finding) => finding.repaired).length;
  const left = findings.filter((finding) => finding.severity !== 'notice' && !finding.repaired);
  const repairable = left.filter((finding) => finding.repairable).length;
  const parts = [
    ...(repaired > 0 ? [`${repaired} repaired.`] : []),
    ...(repairable > 0 ? [`${repairable} to repair: freehold fsck --repair`] : []),
    ...(left.length > repairable ? [`${left.length - repairable} that no program can repair: see above.`] : []),
  ];
  return left.length === 0 ? ['All is well.', ...parts].join(' ') : parts.join('\n');
}

/** One line on a terminal that says how far it is; nothing elsewhere. */
function progressLine({ stderr, now }: Context) {
  let shownAt = 0;
  return {
    show({ check, done, total }: { check: string; done?: number; total?: number }) {
      if (!stderr.isTTY || now() - shownAt < refresh) return;
      shownAt = now();
      const share = done !== undefined && total ? ` ${Math.floor((100 * done) / total)} %` : '';
      stderr.write(`\r\x1b[KChecking ${check}${share}`);
    },
    end() {
      if (shownAt > 0) stderr.write('\r\x1b[K');
    },
  };
}
