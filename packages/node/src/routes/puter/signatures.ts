import { includes, type Drive, type LinkMaker } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import { z } from 'zod';
import { actorOf } from '../../http/actor.ts';
import { callerOf, route, type Call, type Caller } from '../../http/route.ts';
import { sendContent } from '../../http/send-content.ts';
import { idOfUid, uidOfId } from '../../http/uid.ts';
import { PuterError } from './error.ts';
import { flag, subject, text } from './fields.ts';
import { openReach, type FilePlace } from './reach.ts';
import { openLinks, signedQuery, signEntry, type LinkAction } from './signature.ts';
import { writeFileRoute } from './write-file.ts';

const dialect = 'puter';
const item = subject.extend({ action: z.enum(['read', 'write']).nullish().catch('read') });

/** URLs that carry their own proof, and what can be done with them. */
export const signatureRoutes = ({ drive, identity }: { drive: Drive; identity: Identity }) => [
  route({
    method: 'POST',
    path: '/sign',
    dialect,
    policy: 'app',
    summary: 'URLs for reading or writing files without other credentials; with `app_uid`, for that app, which is given the files',
    body: z.object({ app_uid: text, items: z.union([z.array(item).max(1000), item.transform((one) => [one])]) }),
    async handle(call) {
      const caller = callerOf(call);
      const maker = makerOf(caller, call.body.app_uid ?? undefined);
      const reach = openReach(drive, caller);
      const found = await Promise.all(call.body.items.map(async (each) => resolve(each)));
      const token = await give(identity, caller, maker, found);
      const signatures = await Promise.all(
        found.map(async (one) => (one ? signEntry({ drive, reach, origin: call.arrival.origin, maker }, one.place, one.action) : {})),
      );
      return { ...(token !== undefined && { token }), signatures };

      /** Undefined for what does not exist, and for what the caller may not do. */
      async function resolve(each: z.output<typeof item>): Promise<Resolved | undefined> {
        const action = each.action ?? 'read';
        const named = each.uid || each.path;
        const place = named ? await reach.entry(named, action).catch(() => undefined) : undefined;
        return place && { place, action };
      }
    },
  }),
  route({
    method: 'POST',
    path: '/open_item',
    dialect,
    policy: 'app',
    summary: 'A file with URLs to open it, writable where the caller may write, and the apps that open it',
    body: subject,
    async handle(call) {
      const caller = callerOf(call);
      const reach = openReach(drive, caller);
      const place = await reach.entry(reach.subject(call.body), 'read');
      const action = includes(place.right, 'write') ? 'write' : 'read';
      const signature = await signEntry({ drive, reach, origin: call.arrival.origin, maker: makerOf(caller, undefined) }, place, action);
      return { signature, token: null, suggested_apps: [] };
    },
  }),
  route({
    method: 'GET',
    path: '/file',
    dialect,
    policy: 'signed',
    summary: 'The bytes of a file, by a signed URL',
    query: signedQuery.extend({ download: flag }),
    async handle(call) {
      const { reach } = await openLinks({ drive, identity }, [call.query], 'read');
      return send(call, await reach.entry(call.query.uid, 'read'), { download: call.query.download });
    },
  }),
  writeFileRoute({ drive, identity }),
  route({
    method: 'GET',
    path: '/token-read',
    dialect,
    policy: 'signed',
    summary: 'The bytes of a file, by an access token in the URL that was made for reading it',
    query: z.looseObject({ uid: z.string().max(64), token: z.string().min(1).max(4096) }),
    async handle(call) {
      const { uid, token } = call.query;
      const principal = await identity.authenticate(token);
      // A session or the token of an app does not belong into a URL.
      if (principal?.delegate?.kind !== 'token')
        throw new PuterError('token_auth_failed', 'This link has ended: its token expired or was revoked. Ask for a new one.');
      const place = await drive.as(actorOf(principal)).find({ id: idOfUid(uid) ?? '' }, 'read');
      return send(call, place, { download: false });
    },
  }),
  route({
    method: 'POST',
    path: '/down',
    dialect,
    policy: 'app',
    summary: 'The bytes of a file as a download',
    query: z.looseObject({ path: text, uid: text }),
    body: subject,
    async handle(call) {
      const reach = openReach(drive, callerOf(call));
      const named = reach.subject({ path: call.body.path ?? call.query.path, uid: call.body.uid ?? call.query.uid });
      return send(call, await reach.entry(named, 'read'), { download: true });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/drive/signed-links',
    policy: 'session',
    summary: 'End every signed URL that the caller and its apps have made',
    status: 204,
    async handle(call) {
      await drive.signing.revoke(callerOf(call).account.address);
    },
  }),
];

type Resolved = { place: FilePlace; action: LinkAction };

/** For whom the links are made. Errors: `forbidden` for what may make none. */
function makerOf({ account, delegate }: Caller, app: string | undefined): LinkMaker {
  if (!delegate) return { account: account.address, app };
  if (delegate.kind !== 'app') throw new PuterError('forbidden', 'A token cannot make links. Use your own session.');
  if (app !== undefined && app !== delegate.app)
    throw new PuterError('forbidden', 'An app makes links for itself only, not for another app.');
  return { account: account.address, app: delegate.app };
}

/** A person who opens files in an app gives it these files, and a token. */
async function give(
  identity: Identity,
  { account, session }: Caller,
  { app }: LinkMaker,
  found: readonly (Resolved | undefined)[],
): Promise<string | undefined> {
  if (!session || app === undefined) return undefined;
  const { address } = account;
  const { token } = await identity.createAppToken({ address, session: session.id, app });
  for (const one of found) if (one) await identity.grant({ address, app, permission: `fs:${uidOfId(one.place.entry.id)}:${one.action}` });
  return token;
}

function send(call: Pick<Call<unknown, unknown, unknown>, 'request' | 'reply'>, place: FilePlace, { download }: { download: boolean }) {
  const { entry, drive } = place;
  if (entry.kind === 'folder') throw new PuterError('cannot_read_a_directory', 'That is a folder. Choose a file in it.');
  return sendContent(call, { file: entry, download, open: async (range) => (await drive.read(entry.id, { range })).stream });
}
