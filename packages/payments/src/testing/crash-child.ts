import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localToken } from '@freehold/contracts';
import { toAddress } from '@freehold/protocol';
import { openPayingChannel } from './channel.ts';
import { openPayingGrant } from './grant.ts';
import { account, call, offerOf, openNode, price, requiredBy, pay, upfrontPrice } from './world.ts';
import { openWeather } from './weather.ts';

/**
 * A node that ends itself with SIGKILL at one point of paid calls: one by an authorization, settled before or after it; or two on a tab, the first of which opens it, and then a claim.
 * Arguments: directory, address of the chain, rail, point, seed of the payer, seed of the keeper, payee.
 */
const [directory = '', rpcUrl = '', rail = '', point = '', payerSeed = '', keeperSeed = '', payee = ''] = process.argv.slice(2);

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
};
const dieAt = (reached: string) => (reached === point ? die() : undefined);

const chain = { network: localToken.network, token: localToken, rpcUrl };
const keeper = account(Buffer.from(keeperSeed));
const payer = account(Buffer.from(payerSeed));

/** What transactions are for now: the points of a call are those of the last one. */
let phase = rail === 'exact' || rail === 'upfront' ? '' : 'opening ';
const weather = await openWeather(chain.rpcUrl);
weather.before = ({ method }) => {
  if (method === 'eth_sendRawTransaction') dieAt(`${phase}signed`);
};
weather.after = ({ method }, result) => {
  if (method === 'eth_sendRawTransaction') dieAt(`${phase}sent`);
  if (method === 'eth_getTransactionReceipt' && result) dieAt(`${phase}mined`);
};

const node = await openNode({ directory, chain, keeper, rpcUrl: weather.url });
const dieInCall = (reached: string) => (phase === 'opening ' ? undefined : dieAt(reached));
const { begin, executed } = node.payments;
const payments = {
  ...node.payments,
  begin: (reservation: Parameters<typeof begin>[0]) => {
    dieInCall('reserved');
    return begin(reservation);
  },
  async executed(...stored: Parameters<typeof executed>) {
    dieInCall('result stored');
    const reservation = await executed(...stored);
    dieInCall('executed');
    return reservation;
  },
};
const offer = offerOf('crash', { chain, payTo: toAddress(payee), ...(rail === 'upfront' && { amount: upfrontPrice }) });
const required = requiredBy(payments, offer);

async function buy(header: string, request: string): Promise<void> {
  writeFileSync(join(directory, `header-${request}`), header);
  await call(payments, {
    offer,
    header,
    request,
    run: async () => {
      dieInCall('executing');
      appendFileSync(join(directory, `task-${request}`), 'x');
      return 'result';
    },
  });
}

if (rail === 'exact' || rail === 'upfront') {
  await buy(await pay({ required, payer }), '1');
} else {
  const [opening, voucher] = await openTab();
  await buy(opening, '1');
  phase = '';
  await buy(voucher, '2');
  phase = 'claim ';
  await payments.claimAll();
}
dieAt('settled');

async function openTab(): Promise<[opening: string, voucher: string]> {
  const token = localToken;
  if (rail === 'escrow') {
    const grant = openPayingGrant({ required, payer, token });
    return [await grant.open(5_000n, price), await grant.voucher(2n * price)];
  }
  const channel = openPayingChannel({ required, payer, token });
  return [await channel.deposit(5_000n, price), await channel.voucher(2n * price)];
}
