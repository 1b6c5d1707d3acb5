import type { Database } from '@freehold/database';
import {
  authorizationTypedData,
  hashTypedData,
  toHex,
  v1NetworkOf,
  type Address,
  type FacilitatorRequest,
  type SettleResponse,
  type SupportedResponse,
  type Token,
  type VerifyResponse,
} from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import type { Limits } from '../limits.ts';
import type { Chain } from '../rails/exact/chain.ts';
import { readFunds } from '../rails/exact/funds.ts';
import type { Transfer } from '../rails/exact/look.ts';
import type { Log, Sender } from '../rails/exact/sender.ts';
import { settleExact } from '../rails/exact/settle.ts';
import { isKeySignature } from '../rails/exact/signature.ts';
import { normalSignature, type Recover, type Verified } from '../rails/exact/verify.ts';
import { isSameAddress, readRequest, type Fault } from './read-request.ts';
import {
  addSettlement,
  addSettlementCarrier,
  askedSince,
  claimAnswer,
  endSettlement,
  findSettlement,
  getSettlement,
  openSettlements,
  settlementCarriers,
  tryAgain,
  type Settlement,
} from './store.ts';

/** For whom this node pays gas, and how often. */
export type Allowance = { payees: readonly Address[] | 'anyone'; settlementsPerDay: number };

export type Facilitator = ReturnType<typeof openFacilitator>;

const day = 24 * 60 * 60 * 1000;
/** A transfer that could not be mined before it expires is not begun. SECONDS. */
const timeToSettle = 6n;
const pageSize = 500;

/**
 * Carries payments of others to the chain: verify and settle, as x402's facilitators do. The gas is this node's, so it serves only the payees
 * that its owner names, and a number of settlements a day. A settlement is one row and is sent once, whoever asks however often; that it
 * is settled is told to one caller only, because each who hears it gives something for it.
 */
export function openFacilitator({
  database,
  node,
  networkOf,
  tokens,
  signer,
  recover,
  allowance,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  node: string;
  networkOf: (name: string) => { chain: Chain; sender: Sender; inSlot: <Result>(work: () => Promise<Result>) => Promise<Result> };
  tokens: readonly Token[];
  /** Who pays for gas. */
  signer: Address;
  recover: Recover;
  allowance: Allowance;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  const jobs = new Map<number, Promise<void>>();

  /** What is wrong with a payment, or the transfer it is. Errors: `payment_unavailable`. */
  function check(request: FacilitatorRequest): { transfer: Omit<Transfer, 'id'>; verified: Verified } | Fault {
    const asked = readRequest(request, tokens);
    if ('reason' in asked) return asked;
    const { token, requirement, authorization, signature: given } = asked;
    if (allowance.payees !== 'anyone' && !allowance.payees.some((payee) => isSameAddress(payee, requirement.payTo)))
      return {
        reason: 'invalid_payment_requirements',
        message: `This facilitator pays gas for the payees that its owner chose; ${requirement.payTo} is none of them.`,
      };
    const seconds = BigInt(Math.floor(now() / 1000));
    if (BigInt(authorization.validAfter) >= seconds)
      return { reason: 'invalid_exact_evm_payload_authorization_valid_after', message: 'The authorization is not valid yet.' };
    if (BigInt(authorization.validBefore) < seconds + timeToSettle)
      return {
        reason: 'invalid_exact_evm_payload_authorization_valid_before',
        message: 'The authorization expires before it could be settled.',
      };
    const digest = hashTypedData(
      authorizationTypedData({ message: authorization, asset: token.asset, caip2: token.network, domain: token.domain }),
    );
    const signature = normalSignature(given);
    const isKeySigned = isKeySignature(signature) && recover(digest, signature) === authorization.from;
    const { from: payer, to: payTo, value, validAfter, validBefore, nonce } = authorization;
    return {
      transfer: {
        network: token.network,
        asset: token.asset,
        payer,
        payTo,
        amount: BigInt(value),
        nonce,
        validAfter,
        validBefore,
        signature,
        reservedAt: now(),
      },
      verified: { authorization, signature, digest: toHex(digest), requirement: { ...requirement, asset: token.asset }, isKeySigned },
    };
  }

  /** The chain's word on it. Errors: `payment_unavailable`. */
  async function faultOnChain({ transfer, verified }: { transfer: Omit<Transfer, 'id'>; verified: Verified }): Promise<Fault | undefined> {
    try {
      const balance = await readFunds({ chain: networkOf(transfer.network).chain, verified });
      return balance < transfer.amount ? { reason: 'insufficient_funds', message: 'The payer does not hold the amount.' } : undefined;
    } catch (error) {
      if (!(error instanceof PaymentError) || error.code !== 'payment_invalid') throw error;
      const reason = error.details?.['errorReason'];
      return { reason: typeof reason === 'string' ? reason : 'invalid_payload', message: error.message };
    }
  }

  async function verify(request: FacilitatorRequest): Promise<VerifyResponse> {
    const checked = check(request);
    const fault = 'reason' in checked ? checked : await faultOnChain(checked);
    const payer = 'reason' in checked ? undefined : checked.transfer.payer;
    if (!fault) return { isValid: true, payer };
    return { isValid: false, invalidReason: fault.reason, invalidMessage: fault.message, ...(payer !== undefined && { payer }) };
  }

  async function settle(request: FacilitatorRequest): Promise<SettleResponse> {
    const network = request.paymentRequirements.network;
    const checked = check(request);
    if ('reason' in checked) return failure({ network, ...checked });
    const { transfer } = checked;
    const refused = (fault: Fault) => failure({ network, payer: transfer.payer, ...fault });
    let settlement = await findSettlement(database.read, transfer);
    if (settlement && !isSameTransfer(settlement, transfer))
      return refused({ reason: 'invalid_transaction_state', message: 'Another transfer under this nonce was presented before.' });
    // What was sent and reverted has cost gas, and would again: a wallet contract can pass every trial and say no on the chain.
    if (settlement?.state === 'failed' && (await settlementCarriers(database.read, settlement.id)).length > 0)
      return refused({
        reason: settlement.reason ?? 'invalid_transaction_state',
        message: 'This payment was sent before and failed. Sign a new one.',
      });
    if (!settlement || settlement.state === 'failed') {
      const fault = await faultOnChain(checked);
      if (fault) return refused(fault);
      const begun = await begin(transfer, settlement);
      if ('message' in begun) return refused(begun);
      settlement = begun;
    }
    start(settlement.id);
    await Promise.race([jobs.get(settlement.id), patience(limits.answerWithinMs)]);
    return answer(settlement.id, network);
  }

  async function begin(transfer: Omit<Transfer, 'id'>, failed: Settlement | undefined): Promise<Settlement | Fault> {
    return database.transaction(async (db): Promise<Settlement | Fault> => {
      if ((await askedSince(db, now() - day)) >= allowance.settlementsPerDay)
        return {
          reason: 'unexpected_settle_error',
          message: 'This facilitator has settled as much today as its owner pays for. Try again tomorrow, or ask another one.',
        };
      if (failed) await tryAgain(db, failed.id, { node, at: now() });
      else await addSettlement(db, transfer, node);
      const present = await findSettlement(db, transfer);
      if (!present) throw new PaymentError('payment_state', 'A settlement is gone that was just written.');
      return present;
    });
  }

  async function answer(id: number, network: string): Promise<SettleResponse> {
    const settlement = await getSettlement(database.read, id);
    if (!settlement) throw new PaymentError('payment_state', 'There is no such settlement.');
    const { state, payer, amount, reason, transaction } = settlement;
    if (state === 'settled') {
      const isFirst = await database.transaction((db) => claimAnswer(db, id));
      if (isFirst) return { success: true, payer, transaction: transaction ?? '', network, amount: String(amount) };
      return failure({
        network,
        payer,
        reason: 'duplicate_settlement',
        message: 'This payment was settled before, and somebody was told.',
        transaction,
      });
    }
    if (state === 'failed')
      return failure({ network, payer, reason: reason ?? 'unexpected_settle_error', message: 'The payment could not be settled.' });
    const carriers = await settlementCarriers(database.read, id);
    return failure({
      network,
      payer,
      reason: 'settlement_pending',
      message: 'The payment is on its way to the chain. Ask again; it is sent once.',
      transaction: carriers.at(-1)?.hash,
    });
  }

  /** One job a settlement, however many ask for it. */
  function start(id: number): void {
    if (jobs.has(id) || signal.aborted) return;
    const job = settleOne(id)
      .catch((error: unknown) => {
        if (!signal.aborted)
          log('facilitator.settle_failed', { settlement: id, message: error instanceof Error ? error.message : String(error) });
      })
      .finally(() => jobs.delete(id));
    jobs.set(id, job);
  }

  async function settleOne(id: number): Promise<void> {
    const settlement = await getSettlement(database.read, id);
    // Another node on the database may be at it.
    if (settlement?.state !== 'settling' || settlement.node !== node) return;
    const { chain, sender, inSlot } = networkOf(settlement.network);
    const carriers = await settlementCarriers(database.read, id);
    const save = (carrier: Parameters<typeof addSettlementCarrier>[2]) =>
      database.transaction((db) => addSettlementCarrier(db, id, carrier));
    const ending = await inSlot(() => settleExact({ reservation: settlement, carriers, chain, sender, save, limits, now, log, signal }));
    await database.transaction((db) =>
      endSettlement(db, id, ending.kind === 'settled' ? { transaction: ending.transaction } : { reason: ending.reason }),
    );
    log('facilitator.settled', { settlement: id, network: settlement.network, payTo: settlement.payTo, kind: ending.kind });
  }

  return {
    verify,
    settle,
    supported(): SupportedResponse {
      const networks = [...new Set(tokens.map(({ network }) => network))];
      const named = networks.filter((network) => v1NetworkOf(network) !== network);
      return {
        kinds: [
          ...networks.map((network) => ({ x402Version: 2, scheme: 'exact', network })),
          ...named.map((network) => ({ x402Version: 1, scheme: 'exact', network: v1NetworkOf(network) })),
        ],
        extensions: ['bazaar'],
        signers: { 'eip155:*': [signer] },
      };
    },
    /** Takes up what an earlier process of this node left. */
    async recover(): Promise<void> {
      for (let afterId = 0; ;) {
        const page = await openSettlements(database.read, { node, afterId, limit: pageSize });
        for (const id of page) start(id);
        afterId = page.at(-1) ?? afterId;
        if (page.length < pageSize) return;
      }
    },
    /** Settles when nothing is under way; after the signal that is soon. */
    async idle(): Promise<void> {
      await Promise.all(jobs.values());
    },
  };
}

const failure = ({
  network,
  payer,
  reason,
  message,
  transaction = '',
}: Fault & { network: string; payer?: string; transaction?: string | undefined }): SettleResponse => ({
  success: false,
  errorReason: reason,
  errorMessage: message,
  ...(payer !== undefined && { payer }),
  transaction,
  network,
});

const isSameTransfer = (a: Omit<Transfer, 'id'>, b: Omit<Transfer, 'id'>): boolean =>
  a.payTo === b.payTo && a.amount === b.amount && a.validAfter === b.validAfter && a.validBefore === b.validBefore;

const patience = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
