import cloud from './cloud.ts';
import compute from './compute.ts';
import contracts from './contracts.ts';
import drive from './drive.ts';
import durable from './durable.ts';
import foundation from './foundation.ts';
import functions from './functions.ts';
import network from './network.ts';
import paymentsRails from './payments-rails.ts';
import paymentsWire from './payments-wire.ts';
import paying from './paying.ts';
import puter from './puter.ts';
import type { Requirement } from './requirement.ts';
import identity from './identity.ts';
import wallets from './wallets.ts';

const all: Requirement[] = [
  ...foundation,
  ...identity,
  ...wallets,
  ...cloud,
  ...drive,
  ...durable,
  ...compute,
  ...contracts,
  ...functions,
  ...network,
  ...puter,
  ...paymentsRails,
  ...paymentsWire,
  ...paying,
];

/** Every promise by id. */
export const requirements: ReadonlyMap<string, Requirement> = new Map(all.map((requirement) => [requirement.id, requirement]));

if (requirements.size !== all.length) {
  const ids = all.map(({ id }) => id);
  throw new Error(`Two promises share an id: ${ids.filter((id, index) => ids.indexOf(id) !== index).join(', ')}`);
}
