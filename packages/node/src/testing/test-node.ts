import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  address as parseAddress,
  defaultLimits,
  offerIdOf,
  offerTypedData,
  programInfo,
  toWalletJson,
  type Address,
  type NodeInfo,
  type Offer,
  type OfferSummary,
} from '@freehold/protocol';
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { startNode, type RunningNode } from '../node.ts';
import type { Config } from '../config.ts';

export type Person = {
  account: PrivateKeyAccount;
  address: Address;
  token: string;
  /** fetch with this person's session; `json` is sent as JSON. */
  fetch: (path: string, init?: RequestInit & { json?: unknown }) => Promise<Response>;
};

export type TestNode = RunningNode & {
  log: string[];
  /** Signs in; the first one claims the node. */
  signIn: (account?: PrivateKeyAccount) => Promise<Person>;
  /** A new wallet, let in by the owner and signed in. */
  letIn: (owner: Person, role: 'admin' | 'member' | 'guest') => Promise<Person>;
  /** A wallet with test money and no account. */
  payer: () => Promise<PrivateKeyAccount>;
  balanceOf: (holder: string) => Promise<bigint>;
  /** Stops, and removes the data directory unless it is kept for another start. */
  end: (options?: { keep?: boolean }) => Promise<void>;
};

/** A real node on a free port with a data directory of its own. */
export async function startTestNode({
  dataDirectory = mkdtempSync(join(tmpdir(), 'freehold-node-')),
  ...config
}: Partial<Config> = {}): Promise<TestNode> {
  const log: string[] = [];
  const node = await startNode({
    config: {
      port: 0,
      host: '127.0.0.1',
      dataDirectory,
      origins: [],
      gateways: [],
      bitswap: false,
      bitswapPort: 0,
      owner: undefined,
      logLevel: 'debug',
      quotaBytes: 2 ** 32,
      concurrency: 2,
      ...config,
    },
    write: (lines) => log.push(...lines.split(/(?<=\n)/)),
  });
  const client = clientOf(() => node.url);
  return {
    ...node,
    ...client,
    log,
    async letIn(owner, role) {
      const account = privateKeyToAccount(generatePrivateKey());
      await expectJson(await owner.fetch('/api/accounts', { method: 'POST', json: { address: account.address, role } }));
      return client.signIn(account);
    },
    async end({ keep = false } = {}) {
      await node.stop();
      if (!keep) rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** People and wallets of a node that may be in another process, and may be started again elsewhere: its URL is asked for each time. */
export function clientOf(url: () => string): Pick<TestNode, 'signIn' | 'payer' | 'balanceOf'> {
  const call = (path: string, { json, ...init }: RequestInit & { json?: unknown } = {}, token?: string) =>
    fetch(new URL(path, url()), {
      ...init,
      ...(json !== undefined && { body: JSON.stringify(json) }),
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...(init.headers as Record<string, string>),
      },
    });
  return {
    async signIn(account = privateKeyToAccount(generatePrivateKey())) {
      const { nonce, message } = await expectJson(
        await call('/api/auth/challenge', { method: 'POST', json: { address: account.address } }),
      );
      const signature = await account.signMessage({ message });
      const { token } = await expectJson(
        await call('/api/auth/login', { method: 'POST', json: { nonce, signature, transport: 'bearer' } }),
      );
      return { account, address: parseAddress.parse(account.address), token, fetch: (path, init) => call(path, init, token) };
    },
    balanceOf: async (holder) => BigInt((await expectJson(await call(`/api/chain/balance?address=${holder}`))).amount),
    async payer() {
      const account = privateKeyToAccount(generatePrivateKey());
      await expectJson(await call('/api/chain/faucet', { method: 'POST', json: { address: account.address } }));
      return account;
    },
  };
}

/** The JSON of a good answer. A refusal is thrown with its own words. */
// oxlint-disable-next-line typescript/no-explicit-any -- test answers are looked into freely; the assertions say what they must be
export async function expectJson(response: Response): Promise<any> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text);
}

/** Uploads a program and puts it on sale at `amount` atomic units. */
export async function sell(
  node: { info: Pick<NodeInfo, 'token'> },
  seller: Person,
  { program, name, amount = '1000', ...rest }: { program: Uint8Array; name: string; amount?: string } & Partial<Offer>,
): Promise<OfferSummary> {
  const uploaded = programInfo.parse(await expectJson(await seller.fetch('/api/programs', { method: 'PUT', body: Buffer.from(program) })));
  const { token } = node.info;
  if (!token) throw new Error('This node has no chain');
  const offer: Offer = {
    version: 1,
    name,
    interface: 'cgi',
    programs: [{ runtime: uploaded.runtime, cid: uploaded.cid }],
    limits: defaultLimits,
    prices: [{ network: token.network, asset: token.asset, amount, payTo: seller.address }],
    owner: seller.address,
    createdAt: Date.now(),
    expiresAt: Date.now() + 3_600_000,
    ...rest,
  };
  const signed = await signOffer(seller.account, offer);
  const summary = await expectJson(await seller.fetch('/api/offers', { method: 'POST', json: signed }));
  if (summary.id !== offerIdOf(offer)) throw new Error('The node computed another offer id');
  return summary;
}

export async function signOffer(account: PrivateKeyAccount, offer: Offer) {
  return { offer, signature: await account.signTypedData(JSON.parse(toWalletJson(offerTypedData(offer)))) };
}
