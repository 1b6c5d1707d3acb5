import { prepareSearch } from '../search/prepare.ts';
import { auditRows } from '../store/audit.ts';
import type { AuditOptions } from './audit.ts';
import type { Check, Problem } from './finding.ts';

/** An index that does not agree with its table holds nothing of its own: it can be made anew. */
const ofAnIndex = /missing from index|in index|non-unique entry/i;
const ofSearch = /fts5|inverted index/i;

/** The database below the books. PostgreSQL watches over its own pages. */
export function databaseChecks({ context: { database, log, closing } }: AuditOptions): Check[] {
  if (database.dialect !== 'sqlite') return [];
  const rows = auditRows(database.read);
  const searchProblem = (what: string): Problem => ({
    kind: 'index_corrupt',
    severity: 'wrong',
    message: `The index of the search does not agree with the drives: ${what}. Files are safe, but a search may miss some.`,
    async repair() {
      await database.transaction((tx) => auditRows(tx).emptySearch());
      await prepareSearch({ database, log, signal: closing });
    },
  });
  return [
    {
      name: 'pages and indexes of the database',
      async run(limit) {
        const said = (await rows.integrity(limit)).filter((line) => line !== 'ok');
        const inIndex = said.filter((line) => ofAnIndex.test(line));
        const inSearch = said.find((line) => ofSearch.test(line));
        const inPages = said.filter((line) => !ofAnIndex.test(line) && !ofSearch.test(line));
        const problems: Problem[] = inPages.map((line) => ({
          kind: 'database_corrupt',
          severity: 'lost',
          message: `SQLite finds its file damaged: ${line}. Restore the database from a backup, or save what is left with: sqlite3 freehold.db .recover`,
        }));
        const [first] = inIndex;
        if (first !== undefined)
          problems.push({
            kind: 'index_corrupt',
            severity: 'wrong',
            message: `${inIndex.length} entries of indexes do not agree with their tables (${first}).`,
            repair: () => database.transaction((tx) => auditRows(tx).rebuildIndexes()),
          });
        if (inSearch !== undefined) problems.push(searchProblem(inSearch));
        return problems;
      },
    },
    {
      name: 'index of the search',
      async run() {
        const { missing, stray } = await rows.searchDrift();
        return missing + stray === 0 ? [] : [searchProblem(`${missing} names are not in it, and it has ${stray} of nothing`)];
      },
    },
    {
      name: 'references between tables',
      async run() {
        return (await rows.foreignKeys()).map(({ table, parent, violations }): Problem => ({
          kind: 'foreign_key',
          severity: 'wrong',
          message: `${violations} rows of the table ${table} refer to rows of ${parent} that do not exist. Restore the database from a backup.`,
        }));
      },
    },
  ];
}
