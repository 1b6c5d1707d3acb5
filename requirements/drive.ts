import type { Requirement } from './requirement.ts';

/** What issue 3 promises: the drive, and the languages in which it is spoken to. */
export default [
  {
    id: 'drive.delegation.apps',
    source: 'issues/3',
    behaviour:
      'an app acts for one account with a token of its own, known by its origin; the token is stored as a hash, ends with the session that made it and when the app is shown out; only a session makes one',
  },
  {
    id: 'drive.delegation.permissions',
    source: 'issues/3',
    behaviour: 'an app may what it was given, in one spelling, and nothing else; what is taken away is refused by the next request',
  },
  {
    id: 'drive.delegation.access-tokens',
    source: 'issues/3',
    behaviour:
      'an access token holds a part of what its maker holds, expires, is revoked by itself or its id, and ends with the permission it was made from',
  },
  {
    id: 'drive.delegation.passwords',
    source: 'issues/3',
    behaviour:
      'app passwords are shown once, labelled, for reading or writing, listed with their last use and revoked; there is no other password',
  },
] satisfies Requirement[];
