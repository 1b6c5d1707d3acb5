import { createHash } from 'node:crypto';
import { balanceOf, transferWithAuthorization } from '@freehold/contracts';
import type { Database, Sql } from '@freehold/database';
import { authorizationTypedData, hashTypedData, toHex, type Hex, type Token } from '@freehold/protocol';
import type { Jobs } from '../jobs/jobs.ts';
import type { Job } from '../jobs/store.ts';
import type { Limits } from '../limits.ts';
import type { Networks } from '../networks.ts';
import type { Log, Signer } from '../rails/exact/sender.ts';
import { endRefund, owedRefunds, takeRefund, type Refund } from './store.ts';

const pageSize = 100;
/** A refund does not expire. */
const forEver = String(2n ** 48n);

/** A payout has ended: the refund is paid, or owed again. */
export const endRefundJob = (db: Sql, { id, transaction }: Job, at: number): Promise<void> => endRefund(db, { jobId: id, transaction, at });

/**
 * Pays out what is owed for work that was paid upfront and failed, from the node's own wallet. Each by an authorization whose nonce is the
 * refund's, so that the token itself pays none twice, whatever becomes of the node meanwhile. Without the money it stays owed, and is tried again
 * with the next one and at the next start.
 */
export function openRefunds({
  database,
  node,
  networks,
  jobs,
  tokens,
  signer,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  node: string;
  networks: Networks;
  jobs: Jobs;
  tokens: readonly Token[];
  signer: Signer;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  let paying: Promise<void> = Promise.resolve();

  async function payAll(): Promise<void> {
    for (let afterId = 0; !signal.aborted;) {
      const page = await owedRefunds(database.read, { node, afterId, limit: pageSize });
      for (const refund of page) {
        afterId = refund.id;
        if (refund.amount >= limits.payoutFrom) await pay(refund);
      }
      if (page.length < pageSize) return;
    }
  }

  async function pay(refund: Refund): Promise<void> {
    const { id, network, asset, payer, amount } = refund;
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token) return;
    const held = await balanceOf(networks.get(network).chain.client, { asset, holder: signer.address });
    if (held < amount) {
      log('payment.refund_owed', { refund: id, payer, amount: String(amount), held: String(held) });
      return;
    }
    const about = JSON.stringify({ refund: id });
    await jobs.start({ network, kind: 'payout', to: asset, data: await transferOf(refund, token), about }, (db, jobId) =>
      takeRefund(db, { id, jobId }),
    );
  }

  async function transferOf({ id, payer, amount }: Refund, token: Token): Promise<Hex> {
    const nonce = toHex(createHash('sha256').update(`freehold/refund ${node} ${id}`).digest());
    const times = { validAfter: '0', validBefore: forEver };
    const authorization = { from: signer.address, to: payer, value: String(amount), ...times, nonce };
    const typedData = authorizationTypedData({ message: authorization, asset: token.asset, caip2: token.network, domain: token.domain });
    return transferWithAuthorization({ authorization, signature: await signer.signDigest(hashTypedData(typedData)) });
  }

  return {
    /** It settles when everything that can be paid out now is; what fails is told in the log. */
    payOut(): Promise<void> {
      paying = paying.then(payAll).catch((error: unknown) => {
        if (!signal.aborted) log('payment.refund_failed', { message: error instanceof Error ? error.message : String(error), at: now() });
      });
      return paying;
    },
    idle: (): Promise<void> => paying,
  };
}
