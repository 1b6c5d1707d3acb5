import { randomBytes } from 'node:crypto';
import type { Entry } from '@freehold/protocol';
import type { Account, Context } from './account.ts';
import { cursorOf, parseCursor } from './cursor.ts';
import { toEntry } from './entry.ts';
import { DriveError, notFound } from './error.ts';
import { nameKey } from './file-name.ts';
import { hashPassword, isPass, isPassword, makePass } from './link-password.ts';
import { pageSize, type Content, type Page, type Range } from './looking.ts';
import type { Place, Target } from './reach.ts';
import type { Right } from './right.ts';
import { linkRows, type LinkRow } from './store/links.ts';

/** An address under which anybody reads one entry and what is below it. */
export type Link = {
  id: string;
  token: string;
  label: string;
  hasPassword: boolean;
  /** Milliseconds; null for a link that stays until it is revoked. */
  expiresAt: number | null;
  createdAt: number;
  entry: Entry;
};
export type LinkOptions = { label?: string | undefined; password?: string | undefined; expiresAt?: number | null | undefined };
export type LinkPage = { links: Link[]; next?: string };

type Find = (target: Target, needed: Right) => Promise<Place<unknown>>;
const most = 1000;
const oldestFirst = { at: 0, id: '' };

/** The links of one's own drive: made, listed and revoked by who may `manage` the entry. */
export function linksAs(
  { account, find, driveOf }: { account: string; find: Find; driveOf: (owner: string) => Promise<string> },
  { database, newId, now }: Pick<Context, 'database' | 'newId' | 'now'>,
) {
  const toLink = (row: LinkRow, entry: Entry): Link => ({
    id: row.id,
    token: row.token,
    label: row.label,
    hasPassword: row.password !== null,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    entry,
  });

  return {
    /** Errors: `link_invalid` for an end that is past or a password that is too short. */
    async createLink(target: Target, { label = '', password, expiresAt = null }: LinkOptions = {}): Promise<Link> {
      const { entry, owner } = await find(target, 'manage');
      if (expiresAt !== null && expiresAt <= now()) throw new DriveError('link_invalid', 'The end of the link must lie in the future.');
      if (password !== undefined && password.length < 4)
        throw new DriveError('link_invalid', 'A password of a link has at least 4 characters. Leave it out for a link without one.');
      const row: LinkRow = {
        id: newId(),
        drive: await driveOf(owner),
        entry: entry.id,
        token: randomBytes(16).toString('base64url'),
        label,
        salt: null,
        password: null,
        ...(password !== undefined && (await hashPassword(password))),
        expires_at: expiresAt,
        created_at: now(),
      };
      await database.transaction((tx) => linkRows(tx).insert(row));
      return toLink(row, entry);
    },

    async linksOf(target: Target): Promise<Link[]> {
      const { entry } = await find(target, 'manage');
      return (await linkRows(database.read).of(entry.id, most)).map((row) => toLink(row, entry));
    },

    /** All links of the own drive, oldest first, those that have ended included. */
    async links({ after, limit }: { after?: string | undefined; limit?: number | undefined } = {}): Promise<LinkPage> {
      const size = pageSize(limit);
      const rows = await linkRows(database.read).list(
        await driveOf(account),
        after === undefined ? oldestFirst : parseCursor(after),
        size + 1,
      );
      const links: Link[] = [];
      for (const row of rows.slice(0, size)) links.push(toLink(row, (await find({ id: row.entry }, 'manage')).entry));
      const last = rows.length > size ? rows[size - 1] : undefined;
      return { links, ...(last && { next: cursorOf(last.created_at, last.id) }) };
    },

    /** Ends a link at once. Errors: `link_not_found`, also for a link of what the actor may not manage. */
    async revokeLink(id: string): Promise<void> {
      const row = await linkRows(database.read).get(id);
      if (!row) throw linkNotFound();
      await find({ id: row.entry }, 'manage').catch(() => {
        throw linkNotFound();
      });
      await database.transaction((tx) => linkRows(tx).remove(id));
    },
  };
}

const triesPerMinute = 10;
const minute = 60_000;

/** What a visitor reads who has the address of a link. */
export type LinkView = {
  /** Account whose link it is. */
  owner: string;
  label: string;
  expiresAt: number | null;
  /** Stands for the password in later requests; undefined when the link has none. */
  pass: string | undefined;
  /** The entry at a path below the link's entry; the entry itself for an empty path. It tells nothing of what lies above. */
  find(path: string): Promise<Entry>;
  list(path: string, page?: { after?: string; limit?: number }): Promise<Page>;
  read(path: string, options?: { range?: Range | undefined }): Promise<Content>;
};

/** The visitors' side of links. */
export function openLinks({
  database,
  now,
  accountOf,
  handleOf,
}: Pick<Context, 'database' | 'now'> & {
  accountOf: (name: string) => Account;
  handleOf: (name: string) => {
    list(options: { parent: string; after?: string; limit?: number }): Promise<Page>;
    read(id: string, options?: { range?: Range | undefined }): Promise<Content>;
  };
}) {
  /** Wrong passwords of the present minute, by link. */
  const tries = new Map<string, { minute: number; count: number }>();

  function countTry(id: string): void {
    const present = Math.floor(now() / minute);
    const known = tries.get(id);
    const count = known?.minute === present ? known.count + 1 : 1;
    if (count > triesPerMinute) throw new DriveError('too_many_attempts', 'Too many wrong passwords. Wait a minute and try again.');
    if (tries.size > 10_000) tries.clear();
    tries.set(id, { minute: present, count });
  }

  /** Errors: `password_required`, `password_wrong`, `too_many_attempts`. */
  async function checkPassword(row: LinkRow, { password, pass }: { password?: string | undefined; pass?: string | undefined }) {
    if (row.password === null || row.salt === null) return undefined;
    const held = { id: row.id, password: row.password, now: now() };
    if (pass !== undefined && isPass(pass, held)) return pass;
    if (password === undefined) throw new DriveError('password_required', 'This link is protected. Enter the password that came with it.');
    countTry(row.id);
    if (!(await isPassword(password, { salt: row.salt, password: row.password })))
      throw new DriveError('password_wrong', 'That is not the password of this link. Check it and try again.');
    tries.delete(row.id);
    return makePass(held);
  }

  /** Opens a link. A token that is none, was revoked or has ended looks the same: `link_not_found`. */
  return async (token: string, proof: { password?: string | undefined; pass?: string | undefined } = {}): Promise<LinkView> => {
    const row = await linkRows(database.read).byToken(token);
    if (!row || (row.expires_at !== null && row.expires_at <= now())) throw linkNotFound();
    const { store, tree } = await accountOf(row.owner).look();
    if (!(await tree.isLive(row.entry))) throw linkNotFound();
    const pass = await checkPassword(row, proof);
    const handle = handleOf(row.owner);
    const { entry: top } = row;

    async function find(path: string): Promise<Entry> {
      const keys = path.split('/').filter(Boolean).map(nameKey);
      const found = keys.length === 0 ? await store.entries.get(top) : await store.entries.resolve(top, keys);
      if (!found) throw notFound();
      const { parent: _, attributes: __, ...entry } = toEntry(found, `/${keys.join('/')}`);
      return { ...entry, parent: null };
    }
    return {
      owner: row.owner,
      label: row.label,
      expiresAt: row.expires_at,
      pass,
      find,
      list: async (path, page = {}) => handle.list({ parent: (await find(path)).id, ...page }),
      read: async (path, options) => handle.read((await find(path)).id, options),
    };
  };
}

export const linkNotFound = () =>
  new DriveError('link_not_found', 'This link does not exist or has ended. Ask whoever gave it to you for a new one.');
