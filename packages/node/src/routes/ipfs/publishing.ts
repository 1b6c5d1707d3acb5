import { carOf, resolvePath, type Drive, type NamedRecord } from '@freehold/drive';
import { entry, ipnsEntry, ipnsList, publication, publicationList } from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import { callerOf, route, type Caller } from '../../http/route.ts';
import { disposition, sendAnswer } from './answer.ts';

const id = z.string().min(1).max(128);
const one = z.strictObject({ id });
const page = z.strictObject({ after: z.string().max(2048).optional(), limit: z.coerce.number().int().min(1).max(1000).default(200) });
const flag = z.enum(['0', '1']);
const largestRecord = 10 * 1024;

const toIpnsEntry = ({ name, value, sequence, ttl, validUntil }: NamedRecord) => ({
  name,
  value,
  sequence: sequence.toString(),
  ttl,
  validUntil,
});

/** What the owner of content does with it: publishing, CAR files, records of names. */
export const publishingRoutes = (drive: Drive) => {
  const mine = (call: { caller: Caller | undefined }) => drive.of(callerOf(call).account.address).ipfs;
  return [
    route({
      method: 'POST',
      path: '/api/drive/publications',
      policy: 'session',
      summary: 'Publish a file or folder as it is now, in place of what was published of it before',
      body: z.strictObject({
        entry: id,
        /** Also names that begin with a dot. */
        hidden: z.boolean().default(false),
        /** Publish the blocks in a CAR file, instead of the file itself. */
        car: z.boolean().default(false),
      }),
      answer: publication,
      status: 201,
      async handle(call) {
        const { entry: of, hidden, car } = call.body;
        return car ? mine(call).publishCar(of, { signal: call.signal }) : mine(call).publish(of, { hidden, signal: call.signal });
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/publications',
      policy: 'session',
      summary: 'What the caller publishes, oldest first; with `entry`, what is published of it',
      query: page.extend({ entry: id.optional() }),
      answer: publicationList,
      async handle(call) {
        const { entry: of, after, limit } = call.query;
        if (of !== undefined)
          return { publications: [await mine(call).publicationOf(of)].filter((found) => found !== undefined), next: null };
        const { publications, next = null } = await mine(call).publications({ after, limit });
        return { publications, next };
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/publications/:id',
      policy: 'session',
      summary: 'One publication',
      params: one,
      answer: publication,
      handle: async (call) => mine(call).publication(call.params.id),
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/publications/:id',
      policy: 'session',
      summary: 'Take a publication back: nobody gets it by CID any more',
      params: one,
      status: 204,
      async handle(call) {
        await mine(call).unpublish(call.params.id);
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/entries/:id/cid',
      policy: 'session',
      summary: 'The CID that an entry would be published under, without publishing it',
      params: one,
      query: z.strictObject({ hidden: flag.default('0') }),
      answer: z.strictObject({ cid: z.string() }),
      async handle(call) {
        const { root } = await mine(call).rootOf(call.params.id, { hidden: call.query.hidden === '1', signal: call.signal });
        return { cid: root.toString() };
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/entries/:id/car',
      policy: 'session',
      summary: 'A file or folder with everything below as a CAR file, published or not',
      params: one,
      query: z.strictObject({ hidden: flag.default('1') }),
      async handle(call) {
        const { name } = await drive.of(callerOf(call).account.address).entry(call.params.id);
        const hidden = call.query.hidden === '1';
        await mine(call).lend(call.params.id, { hidden, signal: call.signal }, async ({ root, blocks }) => {
          const target = await resolvePath(blocks, root, []);
          const sent = Promise.withResolvers<void>();
          call.reply.raw.once('close', () => sent.resolve());
          sendAnswer(call, {
            status: 200,
            headers: {
              'content-type': 'application/vnd.ipld.car; version=1; order=dfs; dups=n',
              'content-disposition': disposition('attachment', `${name || 'drive'}.car`),
              'cache-control': 'private, no-cache',
            },
            body: carOf(blocks, target, { scope: 'all', duplicates: false, signal: call.signal }),
          });
          await sent.promise;
        });
        return call.reply;
      },
    }),
    route({
      method: 'POST',
      path: '/api/drive/cars',
      policy: 'session',
      summary: 'Take in a CAR file: the request body; its one root becomes a file or folder',
      query: z.strictObject({
        parent: id,
        name: z.string().min(1).max(1024).optional(),
        onConflict: z.enum(['fail', 'rename']).default('fail'),
      }),
      body: 'stream',
      answer: z.strictObject({
        entry,
        root: z.string(),
        cid: z.string(),
        files: z.number(),
        folders: z.number(),
        skipped: z.array(z.string()),
      }),
      status: 201,
      // A refusal in mid-stream must still be answered, so the request is not destroyed with its iterator.
      handle: async (call) =>
        mine(call).importCar({ ...call.query, content: call.stream.iterator({ destroyOnReturn: false }), signal: call.signal }),
    }),
    route({
      method: 'PUT',
      path: '/api/ipns/:name',
      policy: 'session',
      summary: 'Upload a signed IPNS record, which this node then gives to whoever asks for the name',
      params: z.strictObject({ name: z.string().max(512) }),
      body: 'stream',
      answer: ipnsEntry,
      handle: async (call) =>
        toIpnsEntry(await mine(call).putRecord(call.params.name, await readSmall(call.stream.iterator({ destroyOnReturn: false })))),
    }),
    route({
      method: 'GET',
      path: '/api/ipns',
      policy: 'session',
      summary: 'The names whose records the caller uploaded',
      query: page,
      answer: ipnsList,
      async handle(call) {
        const { records, next = null } = await mine(call).records(call.query);
        return { records: records.map(toIpnsEntry), next };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/ipns/:name',
      policy: 'session',
      summary: 'Stop giving out the record of a name',
      params: z.strictObject({ name: z.string().max(512) }),
      status: 204,
      async handle(call) {
        await mine(call).removeRecord(call.params.name);
      },
    }),
  ];
};

async function readSmall(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > largestRecord) throw new RequestError('body_too_large', 413, `An IPNS record has at most ${largestRecord} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
