import type { Account, Context } from '../account.ts';
import { bookChecks } from './books.ts';
import { contentChecks } from './contents.ts';
import { databaseChecks } from './database.ts';
import type { Check, Finding, Problem, Progress } from './finding.ts';
import { treeChecks } from './tree.ts';

/** Findings of one check told at most; with repair, repaired in one go before the check is run again. */
const limit = 200;
/** A check whose repairs do not hold is given up after so many rounds. */
const maximumRounds = 1000;

export type AuditOptions = {
  context: Context;
  accountOf: (name: string) => Account;
  /** How old a file that nothing names must be to be called an orphan, in milliseconds. */
  grace: number;
  /** Reads and hashes every byte, too. */
  rehash: boolean;
  /** Repairs what can be repaired without deleting anything of a user. */
  repair: boolean;
  signal: AbortSignal;
  onProgress?: ((progress: Progress) => void) | undefined;
};

/**
 * Compares everything that is written down twice: names with folders, references and bytes with their counts, rows with files. Answers
 * what does not agree, nothing when all is well. Writes in between may show as a difference, so ask again before believing one that was
 * found while the node was in use.
 */
export async function audit(options: AuditOptions): Promise<Finding[]> {
  // Later checks count what earlier ones may have repaired.
  const checks: Check[] = [...databaseChecks(options), ...treeChecks(options), ...bookChecks(options), ...contentChecks(options)];
  const findings: Finding[] = [];
  for (const [index, check] of checks.entries()) {
    options.signal.throwIfAborted();
    options.onProgress?.({ check: check.name, done: index, total: checks.length });
    findings.push(...(await examine(check)));
  }
  return findings;

  async function examine(check: Check): Promise<Finding[]> {
    const found: Finding[] = [];
    try {
      for (let round = 0; round < maximumRounds; round++) {
        let repaired = 0;
        const left: Finding[] = [];
        for await (const problem of await check.run(limit)) {
          const finding = toFinding(problem);
          if (options.repair && problem.repair) {
            await problem.repair();
            repaired += 1;
            found.push({ ...finding, repaired: true });
          } else if (left.length < limit) left.push(finding);
        }
        // What is repaired may have hidden the next.
        if (repaired === 0) return [...found, ...left];
      }
    } catch (error) {
      options.signal.throwIfAborted();
      const message = `The check "${check.name}" could not be finished: ${error instanceof Error ? error.message : String(error)}`;
      found.push({ kind: 'check_failed', severity: 'wrong', message, repairable: false });
    }
    return found;
  }
}

const toFinding = ({ repair, ...finding }: Problem): Finding => ({ ...finding, repairable: repair !== undefined });
