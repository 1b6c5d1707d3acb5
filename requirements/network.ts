import type { Requirement } from './requirement.ts';

/** What seed 003 promises. */
export default [
  { id: 'net.escrow.deposit', source: 'seeds/003', behaviour: 'deposit and withdraw USDC', planned: true },
  {
    id: 'net.escrow.approve',
    source: 'seeds/003',
    behaviour: 'approve(provider, pricePerRequest, budget) limits what a provider can take',
    planned: true,
  },
  {
    id: 'net.escrow.consume',
    source: 'seeds/003',
    behaviour:
      'a request is served only if the allowance covers its price; consume moves the money; otherwise it fails before work is done',
    planned: true,
  },
  {
    id: 'net.escrow.payer',
    source: 'seeds/003',
    behaviour: "the payer is proven by signature; default payer is the deployment's owner, an optional header names another who agreed",
    planned: true,
  },
  { id: 'net.escrow.trial', source: 'seeds/003', behaviour: 'providers give trial credits that nobody can withdraw', planned: true },
  {
    id: 'net.registry',
    source: 'seeds/003',
    behaviour: 'register(hash(domain), resolver); resolve to address, server URL and encryption key',
    planned: true,
  },
  {
    id: 'net.deploy',
    source: 'seeds/003',
    behaviour: 'zip → IPFS → spec (CID, environment, signed terms) → encrypted to the provider → IPFS → callable CID, in one command',
    planned: true,
  },
  {
    id: 'net.deploy.public',
    source: 'seeds/003',
    behaviour: 'unencrypted deployments that anybody can run; several runners; encryption at rest',
    planned: true,
  },
  {
    id: 'net.call',
    source: 'seeds/003',
    behaviour: '`{method} {server}/{cid}` and `https://{provider}.{domain}/{cid}` answer like curl would expect',
    planned: true,
  },
  { id: 'net.gateway', source: 'seeds/003', behaviour: 'resolves the provider, forwards, returns; safe entry point', planned: true },
  { id: 'net.tunnel', source: 'seeds/003', behaviour: 'a provider behind a router connects out by WebSocket and serves', planned: true },
  { id: 'net.provider.quick', source: 'seeds/003', behaviour: 'one command makes a machine a provider', planned: true },
  { id: 'net.reputation', source: 'seeds/003', behaviour: 'reputation from paid, signed evidence', planned: true },
  { id: 'net.routing', source: 'seeds/003', behaviour: 'requests go to the best provider', planned: true },
  { id: 'net.curl.interface', source: 'seeds/003', behaviour: 'programs answer where they are: curl is the interface', planned: true },
] satisfies Requirement[];
