import { createHash } from 'node:crypto';
import { DatabaseError } from './error.ts';
import { types, type Migration } from './migration.ts';
import { sql, type Database } from './port.ts';

const checksum = (statements: string[]) => createHash('sha256').update(statements.join('\n;\n')).digest('hex');

/** Brings the database to the newest schema that this program knows, in one transaction; refuses a database from a newer program. */
export async function migrate(database: Database, migrations: readonly Migration[], now: () => number): Promise<void> {
  const columns = types[database.dialect];
  await database.transaction(async (tx) => {
    await tx.run(
      raw(
        `CREATE TABLE IF NOT EXISTS migration (position ${columns.integer} PRIMARY KEY, id TEXT NOT NULL UNIQUE, checksum TEXT NOT NULL, applied_at ${columns.integer} NOT NULL) ${columns.strict}`,
      ),
    );
    const applied = await tx.all<{ position: number; id: string; checksum: string }>(
      sql`SELECT position, id, checksum FROM migration ORDER BY position LIMIT 10000`,
    );
    const unknown = applied.find((row) => migrations[row.position]?.id !== row.id);
    if (unknown) {
      throw new DatabaseError(
        'database_newer',
        500,
        `This database was made by a newer Freehold (it has the step "${unknown.id}", which this version does not know). Start the newer version, or restore a backup made by this one. Nothing was changed.`,
      );
    }
    for (const [position, migration] of migrations.entries()) {
      const statements = migration.statements(columns);
      const known = applied[position];
      if (known) {
        if (known.checksum === checksum(statements)) continue;
        throw new DatabaseError(
          'database_changed',
          500,
          `The migration "${migration.id}" differs from the one this database was made with. A released migration must never change: add a new one.`,
        );
      }
      for (const statement of statements) await tx.run(raw(statement));
      await tx.run(
        sql`INSERT INTO migration (position, id, checksum, applied_at) VALUES (${position}, ${migration.id}, ${checksum(statements)}, ${now()})`,
      );
    }
  });
}

const raw = (text: string) => ({ text: [text], values: [] });
