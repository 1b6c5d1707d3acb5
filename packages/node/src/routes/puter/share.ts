import { rights, type Drive, type Right, type Share } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import { address, FreeholdError, type Address } from '@freehold/protocol';
import { z } from 'zod';
import { actorOf } from '../../http/actor.ts';
import { callerOf, route } from '../../http/route.ts';
import { uidOfId } from '../../http/uid.ts';
import { count, text } from './fields.ts';
import { PuterError } from './error.ts';
import { openReach } from './reach.ts';

const dialect = 'puter';
const policy = 'app';
const most = 100;

const recipients = z
  .array(z.looseObject({ username: text, email: text, team: text, teamHandle: text }))
  .min(1, 'name somebody')
  .max(most);
const items = z
  .array(z.looseObject({ path: text, uid: text }))
  .min(1, 'name a file or folder')
  .max(most);
type Sharing = ReturnType<Drive['as']>;
const page = z.looseObject({ limit: count, cursor: text, includeTotal: text });

/** One account’s right on an entry, as Puter's clients read it. */
export const toShareItem = ({ id, owner, holder, right, entry, createdAt }: Share) => ({
  uid: id,
  mode: right,
  path: `/${owner}${entry.path ?? `/${entry.name}`}`,
  uid_entry: uidOfId(entry.id),
  is_dir: entry.kind === 'folder',
  name: entry.name,
  type: entry.kind === 'folder' ? 'folder' : (entry.mediaType ?? null),
  thumbnail: null,
  owner,
  issuer: owner,
  holder,
  created: Math.floor(createdAt / 1000),
  modified: Math.floor(entry.modifiedAt / 1000),
  size: entry.kind === 'folder' ? null : entry.size,
});

/** As who was given it reads it: the path says nothing of where in the owner's drive it lies. */
const toHeldItem = (share: Share) => ({ ...toShareItem(share), path: `/${share.owner}/${uidOfId(share.entry.id)}/${share.entry.name}` });

/** Sharing with accounts of this node, by Puter's names: a user name is a wallet address. */
export const shareRoutes = ({ drive, identity }: { drive: Drive; identity: Pick<Identity, 'hasAccount'> }) => {
  /** The account that a recipient names. Errors: `user_does_not_exist`. */
  async function accountOf({ username, email, team, teamHandle }: z.output<typeof recipients>[number]): Promise<Address> {
    const named = address.safeParse((username ?? '').trim());
    if (named.success && (await identity.hasAccount(named.data))) return named.data;
    const given = username ?? email ?? team ?? teamHandle ?? '';
    throw new PuterError(
      'user_does_not_exist',
      `${JSON.stringify(given.slice(0, 100))} has no account on this node. Share with a wallet address that its owner let in.`,
    );
  }

  /** Every pair of a recipient and an item, one after another; a pair that fails does not fail the others. */
  async function forEachPair<Result extends object>(
    body: { recipients: z.output<typeof recipients>; items: z.output<typeof items> },
    work: (holder: Address, item: z.output<typeof items>[number]) => Promise<Result>,
  ) {
    const results: (
      | (Result & { status: 'success' })
      | { status: 'error'; code: string; message: string; recipient: string; path: string | null }
    )[] = [];
    for (const recipient of body.recipients)
      for (const item of body.items)
        try {
          results.push({ status: 'success', ...(await work(await accountOf(recipient), item)) });
        } catch (error) {
          if (!(error instanceof FreeholdError) || error.status >= 500) throw error;
          results.push({
            status: 'error',
            code: error.code === 'entry_not_found' ? 'subject_does_not_exist' : error.code,
            message: error.message,
            recipient: recipient.username ?? recipient.email ?? '',
            path: item.path ?? null,
          });
        }
    return results;
  }

  const listing = (
    path: string,
    summary: string,
    toItem: (share: Share) => object,
    list: (sharing: Sharing, page: { after?: string; limit?: number }) => Promise<{ shares: Share[]; next?: string }>,
    countAll: (sharing: Sharing) => Promise<number>,
  ) =>
    route({
      method: 'GET',
      path,
      dialect,
      policy,
      summary,
      query: page,
      async handle(call) {
        const { limit, cursor } = call.query;
        const sharing = drive.as(actorOf(callerOf(call)));
        const { shares, next } = await list(sharing, {
          ...(cursor && { after: cursor }),
          ...(limit && { limit: Math.min(limit, 1000) }),
        });
        return {
          items: shares.map(toItem),
          ...(next !== undefined && { cursor: next }),
          ...(call.query.includeTotal === 'true' && { total: await countAll(sharing) }),
        };
      },
    });

  return [
    route({
      method: 'POST',
      path: '/share',
      dialect,
      policy,
      summary: 'Give accounts a right on files and folders',
      body: z.looseObject({ recipients, items, mode: z.enum(rights).default('read') }),
      async handle(call) {
        const caller = callerOf(call);
        const reach = openReach(drive, caller);
        const sharing = drive.as(actorOf(caller));
        const mode: Right = call.body.mode;
        const results = await forEachPair(call.body, async (holder, item) => {
          const { entry } = await reach.entry(reach.subject(item), 'manage');
          const isNew = !(await sharing.sharesOf({ id: entry.id })).some((share) => share.holder === holder);
          return { ...toShareItem(await sharing.share({ id: entry.id }, { holder, right: mode })), recipient: holder, is_new: isNew };
        });
        const failed = results.filter(({ status }) => status === 'error').length;
        return { status: failed === 0 ? 'success' : failed === results.length ? 'aborted' : 'mixed', results };
      },
    }),
    route({
      method: 'POST',
      path: '/share/revoke',
      dialect,
      policy,
      summary: 'Take back what was given, or give up what one was given oneself',
      body: z.looseObject({ recipients, items }),
      async handle(call) {
        const caller = callerOf(call);
        const reach = openReach(drive, caller);
        const sharing = drive.as(actorOf(caller));
        const results = await forEachPair(call.body, async (holder, item) => {
          const { entry } = await reach.entry(reach.subject(item), 'see');
          return { removed: await sharing.unshare({ id: entry.id }, holder) };
        });
        return { revoked: results.filter((result) => 'removed' in result && result.removed).length };
      },
    }),
    listing(
      '/share/shared-with-me',
      'What others gave the caller',
      toHeldItem,
      (sharing, page) => sharing.sharedWithMe(page),
      (sharing) => sharing.countSharedWithMe(),
    ),
    listing(
      '/share/shared-by-me',
      'What the caller gave to others',
      toShareItem,
      (sharing, page) => sharing.sharedByMe(page),
      (sharing) => sharing.countSharedByMe(),
    ),
    route({
      method: 'GET',
      path: '/share/shares',
      dialect,
      policy,
      summary: 'Who was given what of a file or folder',
      query: z.looseObject({ path: text, uid: text }),
      async handle(call) {
        const caller = callerOf(call);
        const reach = openReach(drive, caller);
        const { entry } = await reach.entry(reach.subject(call.query), 'manage');
        return { items: (await drive.as(actorOf(caller)).sharesOf({ id: entry.id })).map(toShareItem) };
      },
    }),
  ];
};
