import { attributes, type Attributes, type Change, type Entry, type FileVersion } from '@freehold/protocol';
import type { ChangeRow } from './store/changes.ts';
import type { EntryRow } from './store/entries.ts';
import type { VersionRow } from './store/versions.ts';

export const toEntry = (row: EntryRow, path?: string): Entry => ({
  id: row.id,
  parent: row.parent,
  name: row.name,
  kind: row.kind,
  size: row.size,
  ...(row.cid !== null && { cid: row.cid }),
  ...(row.media_type !== null && { mediaType: row.media_type }),
  createdAt: row.created_at,
  modifiedAt: row.modified_at,
  ...(row.trashed_at !== null && { trashedAt: row.trashed_at }),
  ...(row.target !== null && { target: row.target }),
  ...(row.attributes !== null && { attributes: parseAttributes(row.attributes) }),
  ...(path !== undefined && { path }),
});

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
