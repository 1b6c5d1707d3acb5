import type { Drive, Upload, Uploader } from '@freehold/drive';
import { z } from 'zod';
import { incoming } from '../../http/incoming.ts';
import { callerOf, route, type Caller } from '../../http/route.ts';
import { uidOfId } from '../../http/uid.ts';
import type { Causes } from '../../sockets/causes.ts';
import { destinationMissing } from './batch-folders.ts';
import { causeOf } from './causing.ts';
import { toBoth } from './entry.ts';
import { fieldRequired, PuterError } from './error.ts';
import { flag } from './fields.ts';
import { makeFolder } from './mkdir.ts';
import { namesOf } from './path.ts';
import { openReach, type Reach } from './reach.ts';
import { conflictOf, mediaTypeOf, overwriting } from './write.ts';

const dialect = 'puter';
/** As many items as the SDK sends at once, and URLs that one answer holds. */
const itemsAtOnce = 500;
const urlsAtOnce = 1000;
/** Uploads begun or completed at the same time, so that they share commits. */
const atOnce = 32;

const fileMetadata = z.object({
  path: z.string().min(1).max(32_768),
  size: z.int().nonnegative().nullish(),
  contentType: z.string().max(255).nullish(),
  overwrite: flag,
  dedupeName: flag,
  createMissingParents: flag,
});
const started = z.object({ fileMetadata, directory: flag });
const mark = z.string().max(256).optional().catch(undefined);
const completed = z.object({
  uploadId: z.string().min(1).max(128),
  parts: z
    .array(z.object({ partNumber: z.int().positive(), etag: z.string().max(200) }))
    .max(10_000)
    .nullish(),
  guiMetadata: z.object({ operationId: mark, itemUploadId: mark, socketId: mark, originalClientSocketId: mark }).nullish().catch(undefined),
});
const anyUpload = z.object({ uploadId: z.string().min(1).max(128) });

/** Files sent to URLs that need no other credentials: begun and completed by the caller, sent in between by whoever has the URL. */
export const signedUploadRoutes = ({ drive, causes }: { drive: Drive; causes: Causes }) => {
  /** All or none: what was begun is given up when another item is refused. */
  const start = async (caller: Caller, origin: string, items: z.output<typeof started>[]) => {
    const reach = openReach(drive, caller);
    const urls = urlsOf(drive, origin);
    const begun: string[] = [];
    try {
      return await inOrder<z.output<typeof started>, object>(
        items,
        ({ directory }) => directory,
        ({ directory, fileMetadata: file }) =>
          directory ? startFolder(reach, file) : startFile({ drive, reach, caller, urls, onBegun: (id) => begun.push(id) }, file),
      );
    } catch (error) {
      await Promise.allSettled(begun.map((id) => drive.uploads.abort(id, uploaderOf(caller))));
      throw error;
    }
  };

  const complete = (caller: Caller, items: z.output<typeof completed>[]) => {
    const reach = openReach(drive, caller);
    return inOrder(
      items,
      () => false,
      (item) => completeFile({ drive, causes, reach, caller }, item),
    );
  };

  const one = async <Answer>(answers: Promise<Answer[]>): Promise<Answer | undefined> => (await answers)[0];

  return [
    route({
      method: 'POST',
      path: '/fs/startBatchWrite',
      dialect,
      policy: 'app',
      summary: 'Begin uploads: answers where to send each file, and makes folders',
      body: z.array(started).min(1).max(itemsAtOnce),
      handle: async (call) => start(callerOf(call), call.arrival.origin, call.body),
    }),
    route({
      method: 'POST',
      path: '/fs/startWrite',
      dialect,
      policy: 'app',
      summary: 'Begin one upload',
      body: started,
      handle: async (call) => one(start(callerOf(call), call.arrival.origin, [call.body])),
    }),
    route({
      method: 'PUT',
      path: '/fs/upload/:id',
      dialect,
      policy: 'signed',
      summary: 'Send a file or a part of it, to a URL that an upload was begun with',
      params: z.object({ id: z.string().min(1).max(128) }),
      query: z.object({
        part: z.coerce.number().int().positive().max(100_000),
        expires: z.coerce.number().int().nonnegative(),
        signature: z.string().min(1).max(200),
      }),
      body: 'stream',
      async handle(call) {
        const { id } = call.params;
        const { part, expires, signature } = call.query;
        await drive.signing.verifyPart({ upload: id, part, expires, signature });
        const { etag } = await drive.uploads.writePart({ id, number: part, ...incoming(call) });
        return call.reply.code(200).header('etag', `"${etag}"`).send('');
      },
    }),
    route({
      method: 'POST',
      path: '/fs/signMultipartParts',
      dialect,
      policy: 'app',
      summary: 'New URLs for parts of an upload, for those that expired or were not answered at its beginning',
      body: anyUpload.extend({ partNumbers: z.array(z.int().positive().max(100_000)).min(1).max(10_000) }),
      async handle(call) {
        const { id, partCount } = await drive.uploads.find(call.body.uploadId, uploaderOf(callerOf(call)));
        const unknown = call.body.partNumbers.find((number) => number > partCount);
        if (unknown !== undefined)
          throw new PuterError('field_invalid', `This upload has ${partCount} parts; there is no part ${unknown}.`, {
            field: 'partNumbers',
          });
        return { multipartPartUrls: await urlsOf(drive, call.arrival.origin)(id, call.body.partNumbers) };
      },
    }),
    route({
      method: 'POST',
      path: '/fs/completeBatchWrite',
      dialect,
      policy: 'app',
      summary: 'Put uploaded files in their folders',
      body: z.array(completed).min(1).max(itemsAtOnce),
      handle: async (call) => complete(callerOf(call), call.body),
    }),
    route({
      method: 'POST',
      path: '/fs/completeWrite',
      dialect,
      policy: 'app',
      summary: 'Put one uploaded file in its folder',
      body: completed,
      handle: async (call) => one(complete(callerOf(call), [call.body])),
    }),
    route({
      method: 'POST',
      path: '/fs/abortWrite',
      dialect,
      policy: 'app',
      summary: 'Give an upload up, with all that has arrived',
      body: anyUpload,
      async handle(call) {
        await drive.uploads.abort(call.body.uploadId, uploaderOf(callerOf(call)));
        return { ok: true };
      },
    }),
  ];
};

/** What a bare token began ends with nobody else, either: its id stands for the app. */
const uploaderOf = ({ account, delegate }: Caller): Uploader => ({
  account: account.address,
  app: delegate === undefined ? undefined : delegate.kind === 'app' ? delegate.app : delegate.id,
});

type PartUrl = { partNumber: number; url: string };
type SignParts = (upload: string, parts: readonly number[]) => Promise<PartUrl[]>;

const urlsOf =
  (drive: Drive, origin: string): SignParts =>
  (upload, parts) =>
    Promise.all(
      parts.map(async (part) => {
        const { expires, signature } = await drive.signing.signPart({ upload, part });
        const query = new URLSearchParams({ part: String(part), expires: String(expires), signature });
        return { partNumber: part, url: `${origin}/fs/upload/${upload}?${query}` };
      }),
    );

async function startFolder(reach: Reach, { path, overwrite, createMissingParents }: z.output<typeof fileMetadata>) {
  const made = await makeFolder(reach, { path, overwrite, dedupe_name: false, create_missing_parents: createMissingParents });
  const found = await reach.find(made.path, 'see');
  return {
    sessionId: '',
    uploadMode: 'single',
    contentType: 'inode/directory',
    directoryCreated: true,
    fsEntry: toBoth(await reach.showFound(found)),
  };
}

async function startFile(
  { drive, reach, caller, urls, onBegun }: { drive: Drive; reach: Reach; caller: Caller; urls: SignParts; onBegun: (id: string) => void },
  { path, size, contentType, createMissingParents, ...wanted }: z.output<typeof fileMetadata>,
) {
  if (size === undefined || size === null) throw fieldRequired('fileMetadata.size');
  const { folder, name } = placeOf(path, reach.home);
  const parent = await reach.ensureFolder(folder, { field: 'path', create: createMissingParents, missing: destinationMissing });
  const begun = await overwriting(
    drive.uploads.begin({
      by: uploaderOf(caller),
      owner: parent.owner,
      parent: parent.entry.id,
      name,
      size,
      mediaType: mediaTypeOf(contentType),
      onConflict: conflictOf({ overwrite: wanted.overwrite, dedupe_name: wanted.dedupeName }).onConflict,
    }),
  );
  onBegun(begun.id);
  return { sessionId: begun.id, contentType: begun.mediaType, expiresAt: begun.expiresAt, ...(await targetOf(begun, urls)) };
}

async function targetOf({ id, partCount, partSize }: Upload, urls: SignParts) {
  const parts = Array.from({ length: Math.min(partCount, urlsAtOnce) }, (_, index) => index + 1);
  const multipartPartUrls = await urls(id, parts);
  if (partCount === 1) return { uploadMode: 'single', url: multipartPartUrls[0]?.url };
  return { uploadMode: 'multipart', multipartUploadId: id, multipartPartSize: partSize, multipartPartCount: partCount, multipartPartUrls };
}

async function completeFile(
  { drive, causes, reach, caller }: { drive: Drive; causes: Causes; reach: Reach; caller: Caller },
  item: z.output<typeof completed>,
) {
  const etags = item.parts && new Map(item.parts.map(({ partNumber, etag }) => [partNumber, etag.replaceAll('"', '')]));
  const folderOf = (id: string) => reach.folder(uidOfId(id), 'uploadId');
  const completing = drive.uploads.complete(item.uploadId, {
    by: uploaderOf(caller),
    check: ({ parent }) => folderOf(parent),
    firstNumber: 1,
    ...(etags && { etags }),
  });
  const { entry, replaced } = await overwriting(completing);
  const { operationId, itemUploadId, socketId, originalClientSocketId } = item.guiMetadata ?? {};
  causes.note(
    entry.id,
    causeOf({
      operation_id: operationId,
      item_upload_id: itemUploadId,
      socket_id: socketId,
      original_client_socket_id: originalClientSocketId,
    }),
  );
  const fsEntry = toBoth(reach.showIn(await folderOf(entry.parent ?? ''), entry));
  return { sessionId: item.uploadId, fsEntry, wasOverwrite: replaced, requestedThumbnail: false };
}

/** The folder and the name that a path means. */
function placeOf(path: string, home: string): { folder: string; name: string } {
  const names = namesOf(path.startsWith('/') ? path : `/${home}/${path.replace(/^~(?=\/|$)/, '')}`);
  const name = names.pop();
  if (name === undefined || names.length === 0)
    throw new PuterError('cannot_write_to_root', 'Nothing can be written into / itself. Choose a folder in a home.');
  return { folder: `/${names.join('/')}`, name };
}

/** Runs work on every item, many at once, but folders alone and in their order, because what follows lies in them. Answers in order. */
async function inOrder<Item, Answer>(
  items: readonly Item[],
  isAlone: (item: Item) => boolean,
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length;) {
    const rest = items.slice(start, start + atOnce);
    const alone = rest.findIndex(isAlone);
    const group = rest.slice(0, alone === -1 ? atOnce : Math.max(1, alone));
    const settled = await Promise.allSettled(group.map(work));
    for (const result of settled) {
      if (result.status === 'rejected') throw result.reason;
      answers.push(result.value);
    }
    start += group.length;
  }
  return answers;
}
