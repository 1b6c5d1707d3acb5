import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { localToken } from '@freehold/contracts';
import { toAddress } from '@freehold/protocol';
import { account, call, offerOf, openNode, requiredBy, pay } from './world.ts';
import { openWeather } from './weather.ts';

/** A node that ends itself with SIGKILL at one point of one paid call. Arguments: directory, address of the chain, point, seed of the payer, seed of the keeper, payee. */
const [directory = '', rpcUrl = '', point = '', payerSeed = '', keeperSeed = '', payee = ''] = process.argv.slice(2);

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
};
const dieAt = (reached: string) => (reached === point ? die() : undefined);

const chain = { network: localToken.network, token: localToken, rpcUrl };
const keeper = account(Buffer.from(keeperSeed));
const payer = account(Buffer.from(payerSeed));

const weather = await openWeather(chain.rpcUrl);
weather.before = ({ method }) => {
  if (method === 'eth_sendRawTransaction') dieAt('signed');
};
weather.after = ({ method }, result) => {
  if (method === 'eth_sendRawTransaction') dieAt('sent');
  if (method === 'eth_getTransactionReceipt' && result) dieAt('mined');
};

const node = await openNode({ directory, chain, keeper, rpcUrl: weather.url });
const begin = node.payments.begin;
const executed = node.payments.executed;
const payments = {
  ...node.payments,
  begin: (reservation: Parameters<typeof begin>[0]) => {
    dieAt('reserved');
    return begin(reservation);
  },
  async executed(...stored: Parameters<typeof executed>) {
    dieAt('result stored');
    const reservation = await executed(...stored);
    dieAt('executed');
    return reservation;
  },
};
const offer = offerOf('crash', { chain, payTo: toAddress(payee) });
const header = await pay({ required: requiredBy(payments, offer), payer });
appendFileSync(join(directory, 'header'), header);
await call(payments, {
  offer,
  header,
  run: async () => {
    dieAt('executing');
    appendFileSync(join(directory, 'runs'), 'x');
    return 'result';
  },
});
dieAt('settled');
