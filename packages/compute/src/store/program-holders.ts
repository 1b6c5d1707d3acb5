import { sql, type Database, type Sql } from '@freehold/database';
import type { Address } from '@freehold/protocol';

export type HeldProgram = { cid: string; size: number; kind: string; runtime: string; createdAt: number };

/** The most programs of one account that a list tells. */
const longestList = 1000;

const bytesOf = async (read: Sql, account: Address): Promise<number> => {
  const row = await read.get<{ bytes: number }>(
    sql`SELECT CAST(COALESCE(SUM(program.size), 0) AS BIGINT) AS bytes FROM program_holder JOIN program ON program.cid = program_holder.program WHERE account = ${account}`,
  );
  return row?.bytes ?? 0;
};

/** Who keeps which programs, by their bytes. */
export function openProgramHolders(database: Database) {
  const { read } = database;
  return {
    heldBytes: (account: Address): Promise<number> => bytesOf(read, account),

    async heldPrograms(account: Address): Promise<HeldProgram[]> {
      const rows = await read.all<Omit<HeldProgram, 'createdAt'> & { created_at: number }>(
        sql`SELECT program.cid, program.size, program.kind, program.runtime, program_holder.created_at
          FROM program_holder JOIN program ON program.cid = program_holder.program
          WHERE account = ${account} ORDER BY program_holder.created_at DESC, program.cid LIMIT ${longestList}`,
      );
      return rows.map(({ created_at: createdAt, ...program }) => ({ ...program, createdAt }));
    },

    /** Answers false, and changes nothing, when the account would keep more than `limit` bytes. The program is a row already. */
    holdProgram: (hold: { account: Address; program: string; size: number; limit: number; now: number }): Promise<boolean> =>
      database.transaction(async (tx) => {
        const { account, program, size, limit, now } = hold;
        const known = await tx.get(sql`SELECT 1 AS held FROM program_holder WHERE account = ${account} AND program = ${program}`);
        if (known) return true;
        if ((await bytesOf(tx, account)) + size > limit) return false;
        await tx.run(sql`INSERT INTO program_holder (account, program, created_at) VALUES (${account}, ${program}, ${now})`);
        return true;
      }),

    /** Answers whether the account held it, and whether anybody does now. */
    letGoProgram: (account: Address, program: string): Promise<{ wasHeld: boolean; isHeld: boolean }> =>
      database.transaction(async (tx) => {
        const known = await tx.get(sql`SELECT 1 AS held FROM program_holder WHERE account = ${account} AND program = ${program}`);
        await tx.run(sql`DELETE FROM program_holder WHERE account = ${account} AND program = ${program}`);
        const other = await tx.get(sql`SELECT 1 AS held FROM program_holder WHERE program = ${program} LIMIT 1`);
        return { wasHeld: known !== undefined, isHeld: other !== undefined };
      }),
  };
}
