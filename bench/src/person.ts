import { randomBytes } from 'node:crypto';
import { choosePayment, createPayment } from '@freehold/payments';
import {
  callPath,
  challenge,
  decodePaymentRequired,
  defaultLimits,
  formatUnits,
  hashTypedData,
  loginAnswer,
  nodeInfo,
  offerSummary,
  offerTypedData,
  paymentRequiredHeader,
  programInfo,
  toolProposal,
  toAddress,
  toHex,
  type Limits,
  type Offer,
  type PaymentRequired,
  type TypedData,
} from '@freehold/protocol';
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { expectStatus, type HttpClient } from './http.ts';

/** A wallet that meets a node over HTTP as any client does. */
export type Person = ReturnType<typeof createPerson>;

const hour = 3_600_000;
/** Atomic units: 0.001 USDC. */
const callPrice = '1000';

/** A fresh wallet. */
export const createAccount = () => privateKeyToAccount(generatePrivateKey());

export function createPerson({ url, http, account = createAccount() }: { url: string; http: HttpClient; account?: PrivateKeyAccount }) {
  const address = toAddress(account.address);
  const signTypedData = (data: TypedData) => account.sign({ hash: toHex(hashTypedData(data)) });
  let token: string | undefined;

  const session = (): Record<string, string> => (token === undefined ? {} : { authorization: `Bearer ${token}` });
  async function sendJson(path: string, body: unknown, status: number): Promise<unknown> {
    const headers = { ...session(), 'content-type': 'application/json' };
    const answer = await http.ask(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return JSON.parse(expectStatus(answer, status).body.toString());
  }
  const info = async () => nodeInfo.parse(JSON.parse(expectStatus(await http.ask(`${url}/api/node`), 200).body.toString()));

  return {
    address,
    /** The header of the session. */
    session,

    /** The first one that signs in claims the node. */
    async signIn(): Promise<void> {
      const { nonce, message } = challenge.parse(await sendJson('/api/auth/challenge', { address }, 200));
      const signature = await account.signMessage({ message });
      ({ token } = loginAnswer.parse(await sendJson('/api/auth/login', { nonce, signature, transport: 'bearer' }, 200)));
    },

    /** Puts a program on sale, free of charge unless `paid`; answers its URL. */
    async offer({
      program,
      name,
      deterministic = false,
      paid = false,
      isTool = false,
      limits = {},
    }: {
      program: Uint8Array;
      name: string;
      deterministic?: boolean;
      paid?: boolean;
      /** It describes itself. */
      isTool?: boolean;
      limits?: Partial<Limits>;
    }): Promise<string> {
      const answer = await http.ask(`${url}/api/programs`, { method: 'PUT', headers: session(), body: program });
      const { cid, runtime } = programInfo.parse(JSON.parse(expectStatus(answer, 201).body.toString()));
      const { token: coin } = await info();
      if (!coin) throw new Error('This node has no chain to sell on; `freehold doctor` says why');
      const tool = isTool ? toolProposal.parse(await sendJson(`/api/programs/${cid}/describe`, {}, 200)).tool : undefined;
      const offer: Offer = {
        version: 1,
        name,
        interface: tool ? 'tool' : 'cgi',
        ...(tool && { tool }),
        programs: [{ runtime, cid }],
        limits: { ...defaultLimits, ...limits },
        ...(deterministic && { deterministic }),
        prices: [{ network: coin.network, asset: coin.asset, amount: paid ? callPrice : '0', payTo: address }],
        owner: address,
        createdAt: Date.now(),
        expiresAt: Date.now() + hour,
      };
      const listed = await sendJson('/api/offers', { offer, signature: await signTypedData(offerTypedData(offer)) }, 201);
      return `${url}${callPath(offer.interface, offerSummary.parse(listed).offer.name)}`;
    },

    /** 100 test USDC from the faucet. */
    async fund(): Promise<void> {
      await sendJson('/api/chain/faucet', { address }, 200);
    },

    /** What a call costs, from its answer 402. */
    async terms(call: string): Promise<PaymentRequired> {
      const { headers } = expectStatus(await http.ask(call), 402);
      return decodePaymentRequired(String(headers[paymentRequiredHeader]));
    },

    /** Values of PAYMENT-SIGNATURE, each good for one call. */
    async pay(required: PaymentRequired, count: number): Promise<string[]> {
      const { token: coin } = await info();
      if (!coin) throw new Error('This node has no chain to pay on');
      const chosen = choosePayment({ required, budgets: [{ amount: formatUnits(BigInt(callPrice), coin.decimals) }], tokens: [coin] });
      const sign = () => createPayment({ required, chosen, account: { address, signTypedData }, now: Date.now, randomBytes });
      const payments: string[] = [];
      for (let made = 0; made < count; made++) payments.push(await sign());
      return payments;
    },
  };
}
