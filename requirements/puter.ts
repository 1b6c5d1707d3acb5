import type { Requirement } from './requirement.ts';

/** What issue 3 promises to Puter's clients about files. */
export default [
  {
    id: 'drive.puter.entries',
    source: 'issues/3',
    behaviour: 'entries have both of Puter’s spellings, times in seconds, paths by wallet address in any letter case, by ~ and by uid',
  },
  {
    id: 'drive.puter.listing',
    source: 'issues/3',
    behaviour: 'folders are listed as arrays or in pages by cursor, sorted four ways in both directions, with a total, and as trees',
  },
  {
    id: 'drive.puter.changes',
    source: 'issues/3',
    behaviour: 'mkdir, copy, move, rename and delete answer as Puter’s clients expect, names that are taken numbered from 1',
  },
  {
    id: 'drive.puter.trash',
    source: 'issues/3',
    behaviour: 'Puter’s Trash is the trash of the drive: things go in, are seen with where they were, come out and go for good',
  },
  {
    id: 'drive.puter.protected',
    source: 'issues/3',
    behaviour: 'homes, / and the folders that every drive has are protected from Puter’s clients',
  },
  {
    id: 'drive.puter.errors',
    source: 'issues/3',
    behaviour: 'every refusal has the code and the status that Puter’s clients know, and no input brings the node to fail',
  },
  { id: 'drive.puter.reading', source: 'issues/3', behaviour: 'reads honour offsets, ranges and validators' },
  {
    id: 'drive.puter.rest',
    source: 'issues/3',
    behaviour: 'space, search, the time of the last change, layout and touch answer as Puter’s do',
  },
  { id: 'drive.puter.sdk', source: 'issues/3', behaviour: 'the puter.js of npm works on files, unchanged' },
  {
    id: 'drive.puter.apps',
    source: 'issues/3',
    behaviour: 'an app works in its own folder and with what it was given; the rest does not exist for it',
  },
  {
    id: 'drive.puter.shared',
    source: 'issues/3',
    behaviour: 'what others shared is used within the right given; what a guest deletes there, its owner can put back',
  },
] satisfies Requirement[];
