import type { Requirement } from './requirement.ts';

/** What issue 3 promises of files over years, faults and crashes. */
export default [
  {
    id: 'drive.versions',
    source: 'issues/3',
    behaviour:
      'earlier contents of a file are listed, read in ranges, named, deleted and restored; restoring loses nothing, also not the content it replaces',
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
  },
  {
    id: 'drive.faults',
    source: 'issues/3',
    behaviour: 'ENOSPC and EIO answer a clear error and leave the drive consistent; reads and deletes go on',
  },
  {
    id: 'drive.crash',
    source: 'issues/3',
    behaviour: 'kill -9 at random points over 200 runs with concurrent writers loses no acknowledged byte and leaves no dangling entry',
  },
  { id: 'drive.power', source: 'issues/3', behaviour: 'a power cut loses no acknowledged byte' },
] satisfies Requirement[];
