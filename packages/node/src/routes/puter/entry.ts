import type { Right } from '@freehold/drive';
import { includes } from '@freehold/drive';
import type { Entry } from '@freehold/protocol';
import { uidOfId } from '../../http/uid.ts';

/** An entry as a caller sees it. */
export type Shown = {
  entry: Entry;
  owner: string;
  /** `/<owner>/…`, or where it lies in the trash. */
  path: string;
  name: string;
  /** Of the folder it is seen in, which for the trash is no entry. */
  parent: string | null;
  right: Right;
  /** A folder that every drive has. */
  immutable: boolean;
  /** Where it was, when it lies in the trash. */
  trashed?: { path: string } | undefined;
  /** A small picture, as a data URL. */
  thumbnail?: string | undefined;
  /** Whether others were given it; absent where that was not looked for, or is not for the caller to know. */
  isShared?: boolean | undefined;
};

/** What costs a look of its own, and is given only where it was asked for. */
export type Extras = {
  /** Bytes of a folder with everything below. */
  size?: number | undefined;
  isEmpty?: boolean | undefined;
  versions?: readonly object[] | undefined;
  shares?: readonly object[] | undefined;
};

const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);

/** Puter's first dialect: snake_case, flags as 0 and 1, times in seconds. */
export function toV1(shown: Shown, { size, isEmpty, versions, shares }: Extras = {}) {
  const { entry, owner, path, name, right, immutable } = shown;
  const uid = uidOfId(entry.id);
  const parent = shown.parent === null ? null : uidOfId(shown.parent);
  const isFolder = entry.kind === 'folder';
  const dirname = path.slice(0, Math.max(1, path.lastIndexOf('/')));
  const modified = seconds(entry.modifiedAt);
  return {
    id: uid,
    uid,
    uuid: uid,
    parent_id: parent,
    parent_uid: parent,
    path,
    dirname,
    dirpath: dirname,
    name,
    is_dir: isFolder,
    is_shortcut: entry.target === undefined ? 0 : 1,
    shortcut_to: entry.target === undefined ? null : uidOfId(entry.target),
    is_symlink: 0,
    symlink_path: null,
    type: typeOf(entry),
    writable: includes(right, 'write'),
    is_public: null,
    is_shared: shown.isShared ?? null,
    thumbnail: shown.thumbnail ?? null,
    immutable,
    metadata: metadataOf(shown),
    modified,
    created: seconds(entry.createdAt),
    accessed: modified,
    size: size ?? (isFolder ? null : entry.size),
    layout: attribute(entry, 'layout'),
    sort_by: attribute(entry, 'sort_by'),
    sort_order: attribute(entry, 'sort_order'),
    subdomains: [],
    workers: [],
    has_website: false,
    suggested_apps: [],
    associated_app: null,
    owner: { username: owner },
    ...(isEmpty !== undefined && { is_empty: isEmpty }),
    ...(versions && { versions }),
    ...(shares && { shares }),
  };
}

/** Puter's second dialect: camelCase, flags as booleans; the times are seconds here, too. */
export function toV2(shown: Shown) {
  const { entry, path, name, immutable } = shown;
  const uid = uidOfId(entry.id);
  const modified = seconds(entry.modifiedAt);
  return {
    uuid: uid,
    uid,
    parentUid: shown.parent === null ? null : uidOfId(shown.parent),
    path,
    name,
    isDir: entry.kind === 'folder',
    isShortcut: entry.target !== undefined,
    shortcutTo: entry.target === undefined ? null : uidOfId(entry.target),
    isSymlink: false,
    symlinkPath: null,
    isPublic: null,
    immutable,
    metadata: metadataOf(shown),
    modified,
    created: seconds(entry.createdAt),
    accessed: modified,
    size: entry.kind === 'folder' ? null : entry.size,
    layout: attribute(entry, 'layout'),
    subdomains: [],
    workers: [],
    hasWebsite: false,
    suggestedApps: [],
    type: typeOf(entry),
    thumbnail: shown.thumbnail ?? null,
    associatedApp: null,
  };
}

/** Both at once, for answers that the SDK hands on as they are. */
export const toBoth = (shown: Shown, extras?: Extras) => ({ ...toV1(shown, extras), ...toV2(shown) });

/**
 * The JSON text of an array of what `toBoth` gives, without extras: for listings, where building the objects and walking through them
 * would take three times as long as everything else. What neighbours have in common is written once.
 */
export function toText(list: readonly Shown[]): string {
  let first: Shown | undefined;
  let common = '';
  const texts = list.map((shown) => {
    if (shown.parent !== first?.parent || shown.owner !== first.owner || shown.right !== first.right) {
      first = shown;
      common = commonText(shown);
    }
    return itemText(shown, common);
  });
  return `[${texts.join(',')}]`;
}

const always =
  '"is_symlink":0,"symlink_path":null,"is_public":null,"subdomains":[],"workers":[],"has_website":false,"suggested_apps":[],' +
  '"associated_app":null,"isSymlink":false,"symlinkPath":null,"isPublic":null,"hasWebsite":false,"suggestedApps":[],"associatedApp":null';
const plain =
  '"thumbnail":null,"is_shortcut":0,"isShortcut":false,"shortcut_to":null,"shortcutTo":null,"metadata":null,"layout":null,"sort_by":null,"sort_order":null';
const ofFile = '"is_dir":false,"isDir":false,"immutable":false';
const ofFolder = '"is_dir":true,"isDir":true,"type":"folder","size":null';

function commonText({ parent: id, owner, path, right }: Shown): string {
  const parent = id === null ? 'null' : `"${uidOfId(id)}"`;
  const dirname = JSON.stringify(path.slice(0, Math.max(1, path.lastIndexOf('/'))));
  return (
    `"parent_id":${parent},"parent_uid":${parent},"parentUid":${parent},"dirname":${dirname},"dirpath":${dirname},` +
    `"writable":${includes(right, 'write')},"owner":{"username":${JSON.stringify(owner)}},${always}}`
  );
}

function itemText(shown: Shown, common: string): string {
  const { entry, path, name, immutable } = shown;
  const uid = uidOfId(entry.id);
  const modified = seconds(entry.modifiedAt);
  const kind =
    entry.kind === 'folder'
      ? `${ofFolder},"immutable":${immutable}`
      : `${ofFile},"type":${JSON.stringify(typeOf(entry))},"size":${entry.size}`;
  return `{"id":"${uid}","uid":"${uid}","uuid":"${uid}","path":${JSON.stringify(path)},"name":${JSON.stringify(name)},"modified":${modified},"accessed":${modified},"created":${seconds(entry.createdAt)},${kind},${describedText(shown)},"is_shared":${shown.isShared ?? null},${common}`;
}

function describedText(shown: Shown): string {
  const { entry, trashed, thumbnail } = shown;
  if (entry.target === undefined && entry.attributes === undefined && !trashed && thumbnail === undefined) return plain;
  const target = entry.target === undefined ? 'null' : `"${uidOfId(entry.target)}"`;
  const isShortcut = entry.target !== undefined;
  const [metadata, layout, sortBy, sortOrder] = [
    metadataOf(shown),
    attribute(entry, 'layout'),
    attribute(entry, 'sort_by'),
    attribute(entry, 'sort_order'),
  ].map((value) => JSON.stringify(value));
  return (
    `"thumbnail":${JSON.stringify(thumbnail ?? null)},"is_shortcut":${isShortcut ? 1 : 0},"isShortcut":${isShortcut},"shortcut_to":${target},"shortcutTo":${target},` +
    `"metadata":${metadata},"layout":${layout},"sort_by":${sortBy},"sort_order":${sortOrder}`
  );
}

function typeOf({ kind, mediaType }: Entry): string | null {
  if (kind === 'folder') return 'folder';
  if (mediaType === undefined) return null;
  return mediaType.startsWith('text/') && !mediaType.includes(';') ? `${mediaType}; charset=utf-8` : mediaType;
}

function attribute({ attributes }: Entry, name: string): string | null {
  const value = attributes?.[name];
  return typeof value === 'string' ? value : null;
}

/** A JSON object as text. Of what lies in the trash it says where it was, as Puter's desktop reads it to put it back. */
function metadataOf({ entry, trashed }: Shown): string | null {
  if (trashed && entry.trashedAt !== undefined)
    return JSON.stringify({ original_name: entry.name, original_path: trashed.path, trashed_ts: seconds(entry.trashedAt) });
  const value = entry.attributes?.['metadata'];
  return value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);
}
