import type { Requirement } from './requirement.ts';

const source = 'issues/6';

/** What issue 6 promises of people and how they prove who they are, beyond the wallets of seed 000. */
export default [
  {
    id: 'identity.sign-in.grammar',
    source,
    behaviour: 'of sign-in messages that others wrote exactly those by the grammar of EIP-4361, for this node, now, are taken',
  },
  {
    id: 'identity.sign-in.accounts',
    source,
    behaviour: 'keys, smart accounts (ERC-1271, ERC-6492) and Solana’s wallets sign in, each with its own signature only',
  },
  { id: 'identity.sign-in.once', source, behaviour: 'a nonce makes one login, whoever uses it how often at once' },
  {
    id: 'identity.roles',
    source,
    behaviour: 'administrators let members and guests in and out; only the owner makes administrators',
  },
  {
    id: 'identity.passkeys',
    source,
    behaviour:
      'passkeys are added to accounts and sign in, once a challenge, on this site, by the device that was added, its person verified',
  },
  {
    id: 'identity.sign-up.confirmed',
    source,
    behaviour: 'who signs up without a wallet adds a passkey within an hour, or the account ends',
  },
] satisfies Requirement[];
