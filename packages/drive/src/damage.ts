import { DriveError } from './error.ts';

/** What a person is told instead of being given wrong bytes. */
export const contentDamaged = (cause?: unknown) =>
  new DriveError(
    'content_damaged',
    'The bytes of this content are damaged or missing on the disk of this node, and are not given out. An earlier version may be intact; sending the same file again repairs it, and so does a backup.',
    { cause },
  );
