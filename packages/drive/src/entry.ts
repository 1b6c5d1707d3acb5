import { attributes, type Attributes, type Change, type Entry, type FileVersion } from '@freehold/protocol';
import type { ChangeRow } from './store/changes.ts';
import type { EntryRow } from './store/entries.ts';
import type { VersionRow } from './store/versions.ts';

/** Field by field: of a large folder this is called ten thousand times. */
export function toEntry(row: EntryRow, path?: string): Entry {
  const { id, parent, name, kind, size } = row;
  const entry: Entry = { id, parent, name, kind, size, createdAt: row.created_at, modifiedAt: row.modified_at };
  if (row.cid !== null) entry.cid = row.cid;
  if (row.media_type !== null) entry.mediaType = row.media_type;
  if (row.trashed_at !== null) entry.trashedAt = row.trashed_at;
  if (row.target !== null) entry.target = row.target;
  if (row.attributes !== null) entry.attributes = parseAttributes(row.attributes);
  if (path !== undefined) entry.path = path;
  return entry;
}

export const toVersion = ({ number, cid, size, media_type, modified_at, replaced_at, name }: VersionRow): FileVersion => ({
  number,
  cid,
  size,
  ...(media_type !== null && { mediaType: media_type }),
  modifiedAt: modified_at,
  replacedAt: replaced_at,
  ...(name !== null && { name }),
});

export const toChange = ({ seq, op, entry, parent, origin, at }: ChangeRow): Change => ({
  seq,
  op,
  entry,
  parent,
  ...(origin !== null && { origin }),
  at,
});

const parseAttributes = (text: string): Attributes => attributes.parse(JSON.parse(text));
