import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Programs of others that judge the node, each with the Debian package that brings it. A new judge is entered here. */
const packages = {
  litmus: 'litmus',
  rclone: 'rclone',
  cadaver: 'cadaver',
  // What runs the same CGI program, and what compiles it.
  nginx: 'nginx',
  fcgiwrap: 'fcgiwrap',
  lighttpd: 'lighttpd',
  apache2: 'apache2-bin',
  cc: 'gcc libc6-dev',
} as const;

export type Judge = keyof typeof packages;

const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

function find(program: string): string | undefined {
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const isInstalled = (program: string): boolean => find(program) !== undefined;

/** Where a judge is, also when an ordinary user does not look there. */
export function whereIs(judge: Judge): string {
  const path = find(judge);
  if (path === undefined) throw new Error(`${judge} is not installed: sudo apt-get install ${packages[judge]}`);
  return path;
}

/** The Debian packages of the judges that are not on this machine. */
export const missingPackages = (): string[] => [
  ...new Set(
    Object.entries(packages)
      .filter(([program]) => !isInstalled(program))
      .map(([, name]) => name),
  ),
];

/**
 * Said first in a test that needs judges: fails when one is missing, naming the way to get it. Where that was allowed the test is
 * skipped, and the answer is false.
 */
export function hasJudges(t: TestContext, ...judges: Judge[]): boolean {
  const missing = judges.filter((judge) => !isInstalled(judge));
  if (missing.length === 0) return true;
  const message = `${missing.join(' and ')} is not installed: sudo apt-get install ${missing.map((judge) => packages[judge]).join(' ')}`;
  if (process.env['FREEHOLD_ALLOW_MISSING'] !== '1') throw new Error(message);
  t.skip(message);
  return false;
}
