import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { balanceOf, openLocalChain, type LocalChain } from '@freehold/contracts';
import type { Database } from '@freehold/database';
import { openTestDatabase } from '../../../database/src/testing/open-test-database.ts';
import {
  addressOfPublicKey,
  defaultLimits,
  fromHex,
  hashTypedData,
  offerIdOf,
  toAddress,
  toHex,
  type Address,
  type Hex,
  type Offer,
  type PaymentRequired,
  type SignTypedData,
} from '@freehold/protocol';
import secp256k1 from 'secp256k1';
import type { Usage } from '../charge.ts';
import { createPublicClient, http } from 'viem';
import {
  choosePayment,
  createPayment,
  openPayments,
  parseBudgets,
  type Limits,
  type Outcome,
  type Payments,
  type Recover,
  type Signer,
} from '../index.ts';
import { carriersOf } from '../store.ts';

export const recover: Recover = (digest, signature) => {
  const bytes = fromHex(signature);
  try {
    return addressOfPublicKey(secp256k1.ecdsaRecover(bytes.subarray(0, 64), (bytes[64] ?? 0) - 27, digest, false));
  } catch {
    return undefined;
  }
};

export type Account = Signer & { signTypedData: SignTypedData };

/** A key in memory; `seed` makes the same one again. */
export function account(seed: Uint8Array = randomBytes(32)): Account {
  const key = createHash('sha256').update(seed).digest();
  const signDigest = async (digest: Uint8Array): Promise<Hex> => {
    const { signature, recid } = secp256k1.ecdsaSign(digest, key);
    return `${toHex(signature)}${(27 + recid).toString(16)}`;
  };
  const address = addressOfPublicKey(secp256k1.publicKeyCreate(key, false));
  return { address, signDigest, signTypedData: (data) => signDigest(hashTypedData(data)) };
}

export const seller = toAddress('0x90f79bf6eb2c4f870365e785982e1f101e93b906');
export const price = 1_000n;
/** So much is paid before the work is done. */
export const upfrontPrice = 5_000_000n;

export function offerOf(
  name: string,
  { chain, amount = price, payTo = seller }: { chain: Pick<LocalChain, 'token'>; amount?: bigint; payTo?: Address },
): Offer {
  return {
    version: 1,
    name,
    interface: 'cgi',
    programs: [{ runtime: 'wasm', cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' }],
    limits: { ...defaultLimits, wallMs: 5_000 },
    prices: [{ network: chain.token.network, asset: chain.token.asset, amount: String(amount), payTo }],
    owner: seller,
    createdAt: 1,
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}

export type Answer = { status: number; body?: string; outcome?: Outcome };

export const urlOf = (offer: Offer) => `http://127.0.0.1/fn/${offer.name}`;

/** A node's way of a paid call, with a function that the test hands in instead of a sandbox. */
export async function call(
  payments: Payments,
  {
    offer,
    header,
    request = 'request',
    run = async () => 'result',
    signed = offer,
    usage,
  }: { offer: Offer; header?: string; request?: string; run?: () => Promise<string>; signed?: Offer; usage?: Usage },
): Promise<Answer> {
  const offerId = offerIdOf(offer);
  const requestHash = toHex(createHash('sha256').update(request).digest());
  const admission = await payments.admit({ header, offer, signed, offerId, url: urlOf(offer), taskId: `task-${request}`, requestHash });
  if (admission.kind === 'settled') return { status: 200, body: admission.reservation.resultRef ?? '' };
  if (admission.kind === 'joined') return answer(await payments.outcome(admission.reservation));
  const { reservation } = admission;
  await payments.begin(reservation);
  let result: string;
  try {
    result = await run();
  } catch {
    return answer({ kind: 'released', reservation: await payments.release(reservation, 'function_failed'), reason: 'function_failed' });
  }
  await payments.executed(reservation, result, usage);
  return answer(await payments.settle(reservation));
}

function answer(outcome: Outcome): Answer {
  if (outcome.kind === 'settled') return { status: 200, body: outcome.reservation.resultRef ?? '', outcome };
  if (outcome.kind === 'pending') return { status: 202, outcome };
  return { status: outcome.kind === 'unpaid' ? 402 : 500, outcome };
}

/** What our own client does with a 402 answer. */
export function pay({
  required,
  payer,
  now = Date.now,
  budget = '1000',
}: {
  required: PaymentRequired;
  payer: Account;
  now?: () => number;
  budget?: string;
}): Promise<string> {
  const chosen = choosePayment({ required, budgets: parseBudgets(budget) });
  return createPayment({ required, chosen, account: payer, now, randomBytes });
}

export type TestNode = { database: Database; payments: Payments; events: string[]; close(): Promise<void> };

/** What a node makes of its data directory at a start, as far as payments go. */
export async function openNode({
  directory,
  chain,
  keeper,
  rpcUrl = chain.rpcUrl,
  confirmations = 1,
  limits,
  now = Date.now,
}: {
  directory: string;
  chain: Pick<LocalChain, 'network' | 'rpcUrl' | 'token'>;
  keeper: Signer;
  rpcUrl?: string | readonly string[];
  confirmations?: number;
  limits?: Partial<Limits>;
  now?: () => number;
}): Promise<TestNode> {
  const events: string[] = [];
  const database = await openTestDatabase({ path: join(directory, 'freehold.db') });
  const payments = openPayments({
    database,
    node: 'here',
    now,
    log: (event, fields) => events.push(`${event} ${JSON.stringify(fields)}`),
    recover,
    signer: keeper,
    authorizer: account(Buffer.from('authorizer')),
    chains: [{ network: chain.network, rpcUrls: [rpcUrl].flat(), confirmations }],
    tokens: [chain.token],
    limits: { pollMs: 20, retryMs: 100, ...limits },
  });
  await payments.start();
  return {
    database,
    payments,
    events,
    async close() {
      await payments.stop();
      await database.close();
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** A real chain, a real database, and payments over both; `reopen` is a restart of the node on the same data. */
export async function openWorld({ limits: given = {} }: { limits?: Partial<Limits> } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-payments-'));
  const chain = await openChain(join(directory, 'chain'));
  const client = createPublicClient({ transport: http(chain.rpcUrl) });
  let keeper = account();
  let rpcUrl: string | readonly string[] = chain.rpcUrl;
  let confirmations = 1;
  let skippedMs = 0;
  let limits = given;
  const open = async () => {
    await chain.fund(keeper.address, 0n);
    return openNode({ directory, chain, keeper, rpcUrl, confirmations, limits, now: () => Date.now() + skippedMs });
  };
  let node = await open();

  return {
    directory,
    chain,
    client,
    get keeper() {
      return keeper;
    },
    get payments() {
      return node.payments;
    },
    get events() {
      return node.events;
    },
    balance: (holder: Address) => balanceOf(client, { asset: chain.token.asset, holder }),
    async payer(amount: bigint): Promise<Account> {
      const payer = account();
      if (amount > 0n) await chain.fund(payer.address, amount);
      return payer;
    },
    offer: (name: string, amount = price) => offerOf(name, { chain, amount }),
    required: (offer: Offer) => requiredBy(node.payments, offer),
    /** Time passes for the node alone. */
    skip(ms: number): void {
      skippedMs += ms;
    },
    /** Sends as somebody whose key nobody here has. */
    async sendAs(from: Address, to: Address, data: Hex): Promise<void> {
      const ask = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
      await chain.fund(from, 0n);
      await ask({ method: 'anvil_impersonateAccount', params: [from] });
      const hash = (await ask({ method: 'eth_sendTransaction', params: [{ from, to, data }] })) as Hex;
      await client.waitForTransactionReceipt({ hash, pollingInterval: 10 });
    },
    carriers: (id: number) => carriersOf(node.database.read, id),
    async reopen({
      newKeeper = keeper,
      newRpcUrl = rpcUrl,
      newConfirmations = confirmations,
      newLimits = {},
    }: {
      newKeeper?: Account;
      newRpcUrl?: string | readonly string[];
      newConfirmations?: number;
      newLimits?: Partial<Limits>;
    } = {}) {
      await node.close();
      keeper = newKeeper;
      rpcUrl = newRpcUrl;
      confirmations = newConfirmations;
      limits = { ...limits, ...newLimits };
      node = await open();
      return node.payments.recover();
    },
    async close() {
      await node.close();
      await chain.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export const requiredBy = (payments: Payments, offer: Offer): PaymentRequired =>
  payments.paymentRequired({ offer, offerId: offerIdOf(offer), url: urlOf(offer) });

export async function openChain(directory: string): Promise<LocalChain> {
  const chain = await openLocalChain({ directory, log: () => undefined });
  assert(chain.kind === 'running', 'this machine has no anvil');
  return chain;
}
