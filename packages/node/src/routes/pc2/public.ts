import type { Drive, Publication } from '@freehold/drive';
import { address } from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import { callerOf, route, type Arrival } from '../../http/route.ts';

const oneCid = z.strictObject({ cid: z.string().min(1).max(200) });
const most = 1000;

const nothingPublic = () => new RequestError('not_found', 404, 'Nothing is published there. Its owner can publish it, on purpose.');

/** Public content by PC2's names. It is what was published on purpose, under the gateway `/ipfs/`; nothing else is ever public. */
export const publicRoutes = ({ drive, version }: { drive: Drive; version: string }) => {
  const describe = (arrival: Arrival) => (publication: Publication) => ({
    cid: publication.root,
    name: publication.name,
    is_dir: publication.kind === 'folder',
    size: publication.size,
    files: publication.files,
    created_at: new Date(publication.createdAt).toISOString(),
    url: `${arrival.origin}/ipfs/${publication.root}`,
  });

  /** The publication of the nearest entry on the way down a path, and what remains of the path below it. */
  async function publishedAt(wallet: string, path: string): Promise<{ root: string; below: string[] } | undefined> {
    const handle = drive.of(wallet);
    const names = path.split('/').filter(Boolean);
    for (let depth = 1; depth <= names.length; depth++) {
      const entry = await handle.stat(names.slice(0, depth).join('/')).catch(() => undefined);
      const publication = entry && (await handle.ipfs.publicationOf(entry.id));
      if (publication) return { root: publication.root, below: names.slice(depth) };
      if (!entry) return undefined;
    }
    return undefined;
  }

  return [
    route({
      method: 'GET',
      path: '/public/:wallet/*',
      dialect: 'gateway',
      policy: 'anyone',
      summary: 'PC2: a published file or folder by the path it has in the drive of its wallet',
      params: z.strictObject({ wallet: z.string().max(64), '*': z.string().max(32_768) }),
      query: z.strictObject({ filename: z.string().max(255).optional(), download: z.enum(['true', 'false']).optional() }),
      async handle(call) {
        const wallet = address.safeParse(call.params.wallet);
        const found = wallet.success && (await drive.has(wallet.data)) ? await publishedAt(wallet.data, call.params['*']) : undefined;
        if (!found) throw nothingPublic();
        const search = new URLSearchParams(Object.entries(call.query).filter((field): field is [string, string] => field[1] !== undefined));
        const location = ['', 'ipfs', found.root, ...found.below.map(encodeURIComponent)].join('/');
        return call.reply
          .code(302)
          .headers({ location: search.size > 0 ? `${location}?${search}` : location, 'cache-control': 'no-cache' })
          .send();
      },
    }),
    route({
      method: 'GET',
      path: '/api/public/list',
      dialect: 'puter',
      policy: 'session',
      summary: 'PC2: what the caller has published',
      async handle(call) {
        const { publications } = await drive.of(callerOf(call).account.address).ipfs.publications({ limit: most });
        return { success: true, files: publications.map(describe(call.arrival)) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/public/stats',
      dialect: 'puter',
      policy: 'session',
      summary: 'PC2: how much the caller has published',
      async handle(call) {
        const { publications } = await drive.of(callerOf(call).account.address).ipfs.publications({ limit: most });
        return {
          success: true,
          publications: publications.length,
          files: publications.reduce((sum, { files }) => sum + files, 0),
          size: publications.reduce((sum, { size }) => sum + size, 0),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/public/info',
      dialect: 'puter',
      policy: 'anyone',
      summary: 'PC2: where the public content of this node is found',
      handle: async ({ arrival }) => ({ success: true, node: 'freehold', version, gateway: `${arrival.origin}/ipfs/`, trustless: true }),
    }),
    route({
      method: 'GET',
      path: '/api/public/network',
      dialect: 'puter',
      policy: 'anyone',
      summary: 'PC2: how public content leaves this node',
      handle: async ({ arrival }) => ({
        success: true,
        http: { enabled: true, gateway: `${arrival.origin}/ipfs/` },
        public: 'on purpose only',
      }),
    }),
    route({
      method: 'POST',
      path: '/api/pin/:cid',
      dialect: 'puter',
      policy: 'session',
      summary: 'PC2: publish the file of the caller that has this content',
      params: oneCid,
      async handle(call) {
        const handle = drive.of(callerOf(call).account.address);
        const file = await handle.fileWith(call.params.cid);
        if (!file)
          throw new RequestError('not_found', 404, 'No file of yours has this CID. Upload it, or import it as a CAR file, then pin it.');
        return { success: true, ...describe(call.arrival)(await handle.ipfs.publish(file.id, { signal: call.signal })) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/pin/:cid',
      dialect: 'puter',
      policy: 'session',
      summary: 'PC2: take back what was published under this CID',
      params: oneCid,
      async handle(call) {
        const handle = drive.of(callerOf(call).account.address);
        const { publications } = await handle.ipfs.publications({ limit: most });
        const found = publications.filter(({ root }) => root === call.params.cid);
        if (found.length === 0) throw nothingPublic();
        for (const { id } of found) await handle.ipfs.unpublish(id);
        return { success: true, cid: call.params.cid };
      },
    }),
  ];
};
