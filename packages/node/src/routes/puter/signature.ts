import { DriveError, type Drive, type LinkMaker } from '@freehold/drive';
import type { Delegate, Identity } from '@freehold/identity';
import { toAddress } from '@freehold/protocol';
import { z } from 'zod';
import { actorOf } from '../../http/actor.ts';
import { idOfUid } from '../../http/uid.ts';
import { toV1 } from './entry.ts';
import { openReach, type FilePlace, type Reach } from './reach.ts';

/** What a signed URL carries. */
export const signedQuery = z.looseObject({
  uid: z.string().max(64),
  expires: z.coerce.number().int().nonnegative(),
  signature: z.string().min(1).max(1000),
});
export type SignedQuery = Pick<z.output<typeof signedQuery>, 'uid' | 'expires' | 'signature'>;
export type LinkAction = 'read' | 'write';

/**
 * An entry with URLs that need no other credentials, in the shape of Puter's `/sign` and `/open_item`. The caller has checked that its
 * maker may do this; what the URLs can do is bounded by what the maker may when they are used.
 */
export async function signEntry(
  { drive, reach, origin, maker }: { drive: Drive; reach: Reach; origin: string; maker: LinkMaker },
  place: FilePlace,
  action: LinkAction,
) {
  const { expires, signature } = await drive.signing.sign({ entry: place.entry.id, action, maker });
  const shown = toV1(reach.show(place));
  const url = (path: string) => `${origin}${path}?${new URLSearchParams({ uid: shown.uid, expires: String(expires), signature })}`;
  return {
    uid: shown.uid,
    expires,
    signature,
    url: url('/file'),
    read_url: url('/file'),
    ...(action === 'write' && { write_url: url('/writeFile') }),
    metadata_url: url('/itemMetadata'),
    fsentry_type: shown.type,
    fsentry_is_dir: shown.is_dir,
    fsentry_name: shown.name,
    fsentry_size: shown.size,
    fsentry_accessed: shown.accessed,
    fsentry_modified: shown.modified,
    fsentry_created: shown.created,
    path: shown.path,
  };
}

/** What one or more signed URLs of the same maker lead to: reaches these entries and nothing else. */
export type OpenedLink = { maker: LinkMaker; reach: Reach };

/**
 * Opens signed URLs. The account that made them must still be there and hold the right, and the app must still be let in and hold it.
 * Errors: `signature_invalid`, `signature_expired`, and `entry_not_found` when the right has ended.
 */
export async function openLinks(
  { drive, identity }: { drive: Drive; identity: Identity },
  links: readonly [SignedQuery, ...SignedQuery[]],
  action: LinkAction,
): Promise<OpenedLink> {
  const makers = await Promise.all(links.map((link) => verify(drive, link, action)));
  const [maker] = makers;
  const isOne = makers.every(({ account, app }) => account === maker?.account && app === maker.app);
  if (!maker || !isOne) throw new DriveError('signature_invalid', 'Both links must come from the same one. Ask for new ones.');
  const account = await identity.account(toAddress(maker.account));
  if (!account) throw ended();

  const uids = links.map(({ uid }) => uid.toLowerCase());
  if (maker.app !== undefined) {
    const permissions = await identity.permissionsOfApp({ address: account.address, app: maker.app });
    if (!permissions) throw ended();
    const asApp = drive.as(actorOf({ account, delegate: { kind: 'app', id: '', app: maker.app, permissions } }));
    for (const uid of uids) await asApp.find({ id: idOfUid(uid) ?? '' }, action);
  }
  const delegate: Delegate = { kind: 'token', id: '', app: maker.app, permissions: uids.map((uid) => `fs:${uid}:${action}`) };
  return { maker, reach: openReach(drive, { account, delegate }) };
}

function verify(drive: Drive, { uid, expires, signature }: SignedQuery, action: LinkAction): Promise<LinkMaker> {
  const entry = idOfUid(uid);
  if (entry === undefined) throw ended();
  return drive.signing.verify({ entry, action, expires, signature });
}

const ended = () => new DriveError('signature_invalid', 'This link is not valid any more. Ask for a new one.');
