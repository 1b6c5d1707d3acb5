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
  {
    id: 'drive.copy',
    source: 'issues/3',
    behaviour: 'a copy takes everything below along, names the same content, and leaves nothing when it fails',
  },
  { id: 'drive.attributes', source: 'issues/3', behaviour: 'programs keep small attributes about an entry' },
  { id: 'drive.folders', source: 'issues/3', behaviour: 'the folders that every drive has cannot be renamed, moved or deleted' },
  {
    id: 'drive.reach',
    source: 'issues/3',
    behaviour:
      'an account reaches its own drive and what was shared with it; an app its own folder and what it was given; nothing else exists for them',
  },
] satisfies Requirement[];
