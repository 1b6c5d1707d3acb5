import { Socket } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { CallableOffer } from '@freehold/compute';
import { choosePayment, createPayment, isFree, parseBudgets, parsePreferences, priceCall, type Payments } from '@freehold/payments';
import { address, toWalletJson, type Hex, type Token } from '@freehold/protocol';
import { randomBytes } from 'node:crypto';
import { privateKeyToAccount } from 'viem/accounts';
import { RequestError } from '../error.ts';
import type { Arrival } from './route.ts';

const names = ['x-402-key', 'x-402-pay', 'x-402-max'] as const;
/** What servers in front of a node add: a request with one of these did not come from this machine, whatever its socket says. */
const forwarding =
  /^(forwarded|via|x-forwarded(-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-.*|x-envoy-.*|true-client-ip|cf-.*|fly-.*|x-amzn-.*|x-azure-.*)$/;

type Request = Pick<IncomingMessage, 'headers' | 'socket'>;
type Asked = { request: Request; arrival: Arrival };

const isPresent = ({ headers }: Request): boolean => names.some((name) => headers[name] !== undefined);

/** For every route but those of functions: a key that was sent there was sent by mistake. Errors: `invalid_request`. */
export function refuseConvenience(request: Request): void {
  if (isPresent(request)) throw refusal('They are taken by calls of functions alone');
}

export type Convenience = ReturnType<typeof openConvenience>;

/**
 * OS402's X-402-Key, -Pay and -Max: the caller hands the node his key, and the node pays for the call with it. Only where the owner of the
 * node switched that on, and only from a process of the same machine. The key is used for one signature and is kept nowhere.
 */
export function openConvenience({
  isOn,
  payments,
  tokens,
  now,
}: {
  isOn: boolean;
  payments: Payments;
  tokens: readonly Token[];
  now: () => number;
}) {
  return {
    /** Errors: `invalid_request`, where they must not come. */
    check({ request, arrival }: Asked): void {
      if (!isPresent(request)) return;
      if (!isOn) throw refusal('The owner of this node has not switched that on');
      // A request that was made within the node has no socket of its own, and whoever made it forwards.
      const isDirect = request.socket instanceof Socket && arrival.isLoopback;
      if (!isDirect || Object.keys(request.headers).some((name) => forwarding.test(name)))
        throw refusal('They are taken from programs on the same machine alone, and never from what forwards requests');
    },

    /**
     * The payment for one call, signed with the key in its headers; undefined where there is none, or nothing to pay. `check` came before.
     * Errors: `invalid_request`, `budget_malformed`, `payment_no_option`, `payment_over_budget`, `payment_unavailable`.
     */
    async pay({ request: { headers } }: Asked, { id, offer: signed }: CallableOffer, url: string): Promise<string | undefined> {
      const [key, preferences, budget] = names.map((name) => [headers[name]].flat()[0]);
      const offer = priceCall(signed);
      if (key === undefined || isFree(offer)) return undefined;
      const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(key.trim())?.[1];
      if (digits === undefined) throw new RequestError('invalid_request', 400, 'X-402-Key must be a private key of 64 hexadecimal digits.');
      if (budget === undefined || budget === '')
        throw new RequestError(
          'invalid_request',
          400,
          'Say with X-402-Max what the call may cost, such as 0.01 or USDC@Base:0.01: without it nothing is paid.',
        );
      const required = payments.paymentRequired({ offer, offerId: id, url });
      const chosen = choosePayment({
        required,
        budgets: parseBudgets(budget),
        tokens,
        ...(preferences !== undefined && preferences !== '' && { preferences: parsePreferences(preferences) }),
      });
      const account = accountOf(`0x${digits}`);
      return createPayment({ required, chosen, account, now, randomBytes });
    },
  };
}

function accountOf(key: Hex) {
  const account = privateKeyToAccount(key);
  return {
    address: address.parse(account.address),
    signTypedData: (data: Parameters<typeof toWalletJson>[0]): Promise<Hex> => account.signTypedData(JSON.parse(toWalletJson(data))),
  };
}

const refusal = (why: string) =>
  new RequestError(
    'invalid_request',
    400,
    `X-402-Key, X-402-Pay and X-402-Max are not taken here. ${why}. Pay with freehold curl or another x402 client, and give that key to nobody.`,
  );
