import { sql, type Database } from '@freehold/database';
import { signedReceipt, type SignedReceipt } from '@freehold/protocol';

/** What the node has signed of its tasks: a receipt for each payment. */
export function openReceiptStore(database: Database) {
  const { read } = database;
  return {
    addReceipt: (task: string, signed: SignedReceipt, now: number) =>
      database.transaction((tx) =>
        tx.run(sql`INSERT INTO receipt (task, payer, nonce, document, created_at)
          VALUES (${task}, ${signed.receipt.payer}, ${signed.receipt.nonce}, ${JSON.stringify(signed)}, ${now}) ON CONFLICT (task, payer, nonce) DO UPDATE SET document = excluded.document, created_at = excluded.created_at`),
      ),

    async receipt(task: string, payment?: { payer: string; nonce?: string }): Promise<SignedReceipt | undefined> {
      const payer = payment ? sql`payer = ${payment.payer}` : sql`1 = 1`;
      const nonce = payment?.nonce === undefined ? sql`1 = 1` : sql`nonce = ${payment.nonce}`;
      const row = await read.get<{ document: string }>(
        sql`SELECT document FROM receipt WHERE task = ${task} AND ${payer} AND ${nonce} ORDER BY created_at DESC LIMIT 1`,
      );
      return row && signedReceipt.parse(JSON.parse(row.document));
    },
  };
}
