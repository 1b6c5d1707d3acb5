import { sql, type Sql } from '@freehold/database';

/** Keys of stored objects that no blob names, and where the content of the database is. */
export const objectRows = (tx: Sql) => ({
  /** Before the upload begins: a crash from here on leaves a key that somebody will clean up. */
  async announce(object: string, now: number): Promise<void> {
    await tx.run(sql`INSERT INTO loose_object (object, since, leaving) VALUES (${object}, ${now}, 0)`);
  },

  /** Takes the key for a blob, in the transaction that names it there. False when it was given up meanwhile. */
  async claim(object: string): Promise<boolean> {
    return (await tx.run(sql`DELETE FROM loose_object WHERE object = ${object} AND leaving = 0`)) > 0;
  },

  /** The object is to be deleted; nothing may name it from now on. */
  async giveUp(object: string, now: number): Promise<void> {
    await tx.run(sql`INSERT INTO loose_object (object, since, leaving) VALUES (${object}, ${now}, 1)
      ON CONFLICT (object) DO UPDATE SET leaving = 1`);
  },

  async isLoose(object: string): Promise<boolean> {
    return (await tx.get(sql`SELECT object FROM loose_object WHERE object = ${object}`)) !== undefined;
  },

  /** As `giveUp`, unless a blob has taken the key; false then. */
  async giveUpIfLoose(object: string): Promise<boolean> {
    return (await tx.run(sql`UPDATE loose_object SET leaving = 1 WHERE object = ${object}`)) > 0;
  },

  /** Once the object is deleted. */
  async forget(object: string): Promise<void> {
    await tx.run(sql`DELETE FROM loose_object WHERE object = ${object} AND leaving = 1`);
  },

  /** What is to be deleted, and uploads that began before `before` and never came to an end. */
  leftovers(before: number, limit: number): Promise<{ object: string }[]> {
    return tx.all(sql`SELECT object FROM loose_object WHERE leaving = 1 OR since < ${before} ORDER BY since, object LIMIT ${limit}`);
  },

  async home(): Promise<string | undefined> {
    const row = await tx.get<{ home: string }>(sql`SELECT home FROM content_home WHERE position = 1`);
    return row?.home;
  },

  /** In place of `instead`; false when another node was first. */
  async setHome(home: string, instead: string | undefined): Promise<boolean> {
    if (instead === undefined)
      return (await tx.run(sql`INSERT INTO content_home (position, home) VALUES (1, ${home}) ON CONFLICT (position) DO NOTHING`)) > 0;
    return (await tx.run(sql`UPDATE content_home SET home = ${home} WHERE position = 1 AND home = ${instead}`)) > 0;
  },
});
