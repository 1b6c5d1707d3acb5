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
    id: 'drive.versions',
    source: 'issues/3',
    behaviour:
      'an account reaches its own drive and what was shared with it; an app its own folder and what it was given; nothing else exists for them',
  },
  {
    id: 'drive.retention',
    source: 'issues/3',
    behaviour:
      'each drive says how many versions it keeps and for how long, and for how long its trash; enforced on write and in the background',
  },
  {
    id: 'drive.trash.reaper',
    source: 'issues/3',
    behaviour: 'what has been in the trash for longer than the setting is deleted for good, in slices, restart-safe',
  },
  {
    id: 'drive.quota',
    source: 'issues/3',
    behaviour: 'the quota holds to the byte on every path that adds bytes, against any number of writers at once',
  },
  {
    id: 'drive.scrub',
    source: 'issues/3',
    behaviour: 'every blob is read and hashed once in 30 days; a truncated or flipped one is found, set aside and told',
  },
  {
    id: 'drive.damage',
    source: 'issues/3',
    behaviour:
      'damaged content is answered with a clear error, never with wrong bytes, and is repaired when the same content is sent again',
  },
  {
    id: 'drive.fsck',
    source: 'issues/3',
    behaviour: '`freehold fsck` finds and explains every inconsistency, repairs what is safe and never deletes what a user stored',
    planned: true,
  },
  {
    id: 'drive.faults',
    source: 'issues/3',
    behaviour: 'ENOSPC and EIO answer a clear error and leave the drive consistent; reads and deletes go on',
    planned: true,
  },
  {
    id: 'drive.crash',
    source: 'issues/3',
    behaviour: 'kill -9 at random points over 200 runs with concurrent writers loses no acknowledged byte and leaves no dangling entry',
    planned: true,
  },
  { id: 'drive.power', source: 'issues/3', behaviour: 'a power cut loses no acknowledged byte', planned: true },
] satisfies Requirement[];
