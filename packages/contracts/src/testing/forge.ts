import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

const root = join(import.meta.dirname, '..', '..', '..', '..');

/** As Forge's packages call them. */
const systems: Record<string, string> = { linux: 'linux', darwin: 'darwin' };
const machines: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/** Path of Forge for this machine, or why there is none. It is started directly: npm's wrapper would leave an orphan. */
export function forgeBinary(): { path: string } | { reason: string } {
  const system = systems[process.platform];
  const machine = machines[process.arch];
  if (!system || !machine) return { reason: `npm has no Forge for ${process.platform} on ${process.arch}` };
  try {
    const manifest = createRequire(import.meta.url).resolve(`@foundry-rs/forge-${system}-${machine}/package.json`);
    return { path: join(dirname(manifest), 'bin', 'forge') };
  } catch {
    return { reason: 'Forge is not installed: npm ci installs it' };
  }
}

/** `quick` compiles fast and without optimising; `default` compiles what is deployed. Extra settings are Forge's own (`FOUNDRY_…`). */
export async function runForge({
  path,
  args,
  profile,
  settings = {},
}: {
  path: string;
  args: string[];
  profile: 'quick' | 'default';
  settings?: Record<string, string>;
}): Promise<{ code: number | null; output: string }> {
  const forge = spawn(path, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      HOME: join(root, '.cache', 'forge', 'home'),
      // The compiler from npm runs under this very Node.
      PATH: dirname(process.execPath) + delimiter + process.env['PATH'],
      FOUNDRY_CONFIG: 'packages/contracts/foundry.toml',
      FOUNDRY_PROFILE: profile,
      FOUNDRY_LINT_LINT_ON_BUILD: 'false',
      ...settings,
    },
  });
  const done = new Promise<number | null>((resolve, reject) => forge.once('error', reject).once('close', resolve));
  const [code, out, err] = await Promise.all([done, text(forge.stdout), text(forge.stderr)]);
  return { code, output: out + err };
}

export type Coverage = { file: string; lines: { hit: number; found: number }; branches: { hit: number; found: number }; missed: string[] };

/** What of each source file the tests reached, from Forge's report in the LCOV format. */
export async function measureCoverage(path: string): Promise<{ output: string; files: Coverage[] }> {
  const report = join('.cache', 'forge', 'coverage.lcov');
  const { code, output } = await runForge({ path, args: ['coverage', '--report', 'lcov', '--report-file', report], profile: 'quick' });
  if (code !== 0) throw new Error(`The tests in Solidity failed:\n${output}`);
  return { output, files: readLcov(readFileSync(join(root, report), 'utf8')) };
}

function readLcov(report: string): Coverage[] {
  return report
    .split('end_of_record')
    .map((record) => record.trim().split('\n'))
    .filter((lines) => lines.some((line) => line.startsWith('SF:')))
    .map((lines) => {
      const of = (kind: string) =>
        lines.filter((line) => line.startsWith(`${kind}:`)).map((line) => line.slice(kind.length + 1).split(','));
      const [taken, branches] = [of('DA'), of('BRDA')];
      const isMissed = (count: string | undefined) => count === '0' || count === '-';
      const missedLines = taken.filter(([, count]) => isMissed(count)).map(([line]) => `line ${line}`);
      const missedBranches = branches.filter(([, , , count]) => isMissed(count)).map(([line]) => `branch in line ${line}`);
      return {
        file: of('SF')[0]?.[0] ?? '',
        lines: { hit: taken.length - missedLines.length, found: taken.length },
        branches: { hit: branches.length - missedBranches.length, found: branches.length },
        missed: [...missedLines, ...missedBranches],
      };
    });
}
