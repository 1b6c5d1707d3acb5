import { z } from 'zod';

const milliseconds = z.int().nonnegative();

/** What programs keep about an entry, each under a name of its own: Puter's `metadata`, a folder's layout. Small JSON values. */
export const attributes = z.record(z.string(), z.json());
export type Attributes = z.output<typeof attributes>;

/** A name in a drive as it crosses the wire: a file or a folder. Sizes are bytes, times milliseconds since the epoch. */
export const entry = z.object({
  /** Opaque; the same for as long as the entry lives, through renames, moves, new content, trash and restore. */
  id: z.string(),
  /** The folder it is in; for an entry in the trash, the folder it was in. Null only for the root. */
  parent: z.string().nullable(),
  name: z.string(),
  kind: z.enum(['file', 'folder']),
  /** Bytes of the content; 0 for a folder. */
  size: z.int().nonnegative(),
  /** IPFS CID of the content (profile unixfs-v1-2025); files only. It is also the ETag. */
  cid: z.string().optional(),
  mediaType: z.string().optional(),
  createdAt: milliseconds,
  modifiedAt: milliseconds,
  /** Set on what was put into the trash itself, not on what lies inside it. */
  trashedAt: milliseconds.optional(),
  /** Of a shortcut (an empty file): the entry it points at, which may be gone. */
  target: z.string().optional(),
  attributes: attributes.optional(),
  /** Slash-separated from the root, given where the request asked for a path. */
  path: z.string().optional(),
});
export type Entry = z.output<typeof entry>;

const phrase = z.string().min(1).max(500);

/** What a file says of itself, as far as it is a picture or a PDF: nothing of it is checked, any of it may be absent. */
export const fileFacts = z.object({
  /** Pixels of the picture as it is seen, upright. */
  width: z.int().positive().optional(),
  height: z.int().positive().optional(),
  format: phrase.optional(),
  camera: phrase.optional(),
  lens: phrase.optional(),
  /** By the clock of the camera: 2026-03-04T10:11:12. */
  takenAt: phrase.optional(),
  description: phrase.optional(),
  artist: phrase.optional(),
  pages: z.int().nonnegative().optional(),
  title: phrase.optional(),
  author: phrase.optional(),
});
export type FileFacts = z.output<typeof fileFacts>;

/** Earlier content of a file, newest first in a list. */
export const fileVersion = z.object({
  number: z.int().positive(),
  cid: z.string(),
  size: z.int().nonnegative(),
  mediaType: z.string().optional(),
  /** When this content was written, and when newer content took its place. */
  modifiedAt: milliseconds,
  replacedAt: milliseconds,
  /** What a person called it. A version with a name is kept until it is deleted by hand. */
  name: z.string().optional(),
});
export type FileVersion = z.output<typeof fileVersion>;

/** How long a drive keeps what was replaced or thrown away. */
export const retention = z.object({
  /** Earlier contents of each file, those with a name not counted; 0 for none. */
  versions: z.int().nonnegative(),
  /** Days after which an earlier content goes; 0 for never. */
  versionDays: z.int().nonnegative(),
  /** Days after which what is in the trash is deleted; 0 for never. */
  trashDays: z.int().nonnegative(),
});
export type Retention = z.output<typeof retention>;

/** A file that arrives in parts: which of the parts 1 to `partCount` have arrived. All but the last have `partSize` bytes. */
export const fileUpload = z.object({
  id: z.string(),
  partSize: z.int().positive(),
  partCount: z.int().positive(),
  received: z.array(z.int().positive()),
  /** Given up then, unless another part arrives before. */
  expiresAt: milliseconds,
});
export type FileUpload = z.output<typeof fileUpload>;
/** An answer of a search, with its path. */
export const found = entry.extend({
  /** A line of the content around the first word that was found in it. */
  snippet: z.string().optional(),
});
export type Found = z.output<typeof found>;

/** One thing that happened in a drive. `seq` counts 1, 2, 3 … in each drive without gaps. */
export const change = z.object({
  seq: z.int().positive(),
  op: z.enum(['created', 'updated', 'moved', 'trashed', 'restored', 'deleted']),
  entry: z.string(),
  /** The folder to refresh. */
  parent: z.string(),
  /** For `moved`: the folder it came from, when that is another. A rename is a move within its folder. */
  origin: z.string().optional(),
  at: milliseconds,
});
export type Change = z.output<typeof change>;

/** What happened after a `since`. Ask again with `next`. On `reset` the history does not reach back far enough: list anew, then go on from `next`. */
export const changePage = z.object({ changes: z.array(change), next: z.int().nonnegative(), reset: z.boolean() });
export type ChangePage = z.output<typeof changePage>;
