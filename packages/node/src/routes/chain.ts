import { address, balance, faucetRequest, type Address, type Token } from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { route } from '../http/route.ts';

/** The chain as the routes need it. `fund` is there only on the embedded test chain. */
export type ChainAccess = {
  token: Token;
  balanceOf: (holder: Address) => Promise<bigint>;
  fund: ((holder: Address, amount: bigint) => Promise<void>) | undefined;
};

const faucetWindowMs = 60_000;
const faucetCalls = 20;
/** 100 test USDC a call. */
const faucetAmount = 100_000_000n;

export const chainRoutes = ({ chain, now }: { chain: () => ChainAccess | undefined; now: () => number }) => {
  let window = { since: 0, calls: 0 };
  const access = (): ChainAccess => {
    const present = chain();
    if (!present)
      throw new RequestError('no_chain', 503, 'This node has no chain now, so it knows no balances. `freehold doctor` says why.');
    return present;
  };
  const answer = async (holder: Address) => ({
    address: holder,
    amount: (await access().balanceOf(holder)).toString(),
    token: access().token,
  });
  return [
    route({
      method: 'GET',
      path: '/api/chain/balance',
      policy: 'anyone',
      summary: 'The balance of a wallet in the token of this node',
      query: z.strictObject({ address }),
      answer: balance,
      handle: ({ query }) => answer(query.address),
    }),
    route({
      method: 'POST',
      path: '/api/chain/faucet',
      policy: 'anyone',
      summary: 'Test money for a wallet (embedded test chain only)',
      body: faucetRequest,
      answer: balance,
      async handle({ body }) {
        const { fund } = access();
        if (!fund) throw new RequestError('forbidden', 403, 'This node is on a real network: there is no free money here.');
        if (now() - window.since > faucetWindowMs) window = { since: now(), calls: 0 };
        if (window.calls++ >= faucetCalls)
          throw new RequestError('too_many_requests', 429, 'The faucet has given much in the last minute. Try again in a minute.');
        await fund(body.address, faucetAmount);
        return answer(body.address);
      },
    }),
  ];
};
