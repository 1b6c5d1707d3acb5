import type { IncomingMessage } from 'node:http';
import type { Drive } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import { partsOf, type Part } from '../../http/multipart.ts';
import { route } from '../../http/route.ts';
import { uidOfId } from '../../http/uid.ts';
import { copyNamed, moveNamed } from './copy-move.ts';
import { toV1 } from './entry.ts';
import { fieldRequired, PuterError, renaming } from './error.ts';
import { flag, text } from './fields.ts';
import { makeFolder } from './mkdir.ts';
import type { FilePlace, Reach } from './reach.ts';
import { openLinks, signedQuery, type SignedQuery } from './signature.ts';
import { mediaTypeOf, overwriting, writeInto } from './write.ts';

const limits = { parts: 30, field: 64 * 1024, fields: 256 * 1024 };
const operations = ['write', 'mkdir', 'rename', 'delete', 'trash', 'copy', 'move'] as const;
const fields = z.object({
  name: text,
  new_name: text,
  destination_write_url: text,
  overwrite: flag,
  dedupe_name: flag,
});
type Fields = z.output<typeof fields>;
type FilePart = Extract<Part, { kind: 'file' }>;
type Given = { fields: Fields; file: FilePart | undefined };

/** Changes one entry by a signed URL that was made for writing. What it deletes goes to the trash of its owner. */
export const writeFileRoute = ({ drive, identity }: { drive: Drive; identity: Identity }) =>
  route({
    method: 'POST',
    path: '/writeFile',
    dialect: 'puter',
    policy: 'signed',
    summary: 'Write, rename, trash, copy or move a file, or make a folder in a folder, by a signed URL',
    query: signedQuery.extend({ operation: z.enum(operations).default('write') }),
    body: 'stream',
    async handle(call) {
      const { query, signal } = call;
      const link = await openLinks({ drive, identity }, [query], 'write');
      const place = await link.reach.entry(query.uid, 'write');
      const parts = await open(call.stream);
      const { operation } = query;
      const given = await parts.next();
      if (operation === 'write') {
        if (!given.file) throw fieldRequired('file');
        const written = await write(link.reach, place, given.fields, given.file, signal);
        await parts.rest();
        return written;
      }
      if (operation === 'mkdir') {
        const { name, overwrite, dedupe_name } = given.fields;
        return makeFolder(link.reach, {
          parent: uidOfId(place.entry.id),
          path: name,
          overwrite,
          dedupe_name,
          create_missing_parents: false,
        });
      }
      if (operation === 'rename') return rename(link.reach, place, given.fields.new_name || given.fields.name);
      if (operation === 'copy' || operation === 'move') {
        const to = destinationOf(given.fields);
        const { reach } = await openLinks({ drive, identity }, [query, to], 'write');
        const { new_name, overwrite, dedupe_name } = given.fields;
        const wanted = { source: query.uid, destination: to.uid, new_name, overwrite, dedupe_name, create_missing_parents: false };
        if (operation === 'move') return (await moveNamed(reach, wanted, signal)).moved;
        return (await copyNamed(reach, wanted, signal))[0]?.copied;
      }
      const shown = toV1(link.reach.show(place));
      await place.drive.trash(place.entry.id);
      return shown;
    },
  });

/** New content for a file, or a new file in a folder. */
async function write(reach: Reach, place: FilePlace, wanted: Fields, file: FilePart, signal: AbortSignal) {
  const { content, fileName, mediaType } = file;
  const { entry, drive } = place;
  if (entry.kind === 'folder') {
    const name = wanted.name || fileName || '';
    return toV1(await writeInto(reach, place, { ...wanted, name, content, mediaType, signal }));
  }
  const written = await overwriting(
    drive.writeFile({
      parent: entry.parent ?? '',
      name: entry.name,
      content,
      mediaType: mediaTypeOf(mediaType),
      onConflict: 'replace',
      signal,
    }),
  );
  return toV1(reach.show({ ...place, entry: { ...written, path: entry.path } }));
}

async function rename(reach: Reach, place: FilePlace, name: string | null | undefined) {
  if (!name) throw fieldRequired('new_name');
  const taken = () => new PuterError('conflict', `"${name}" exists there already. Choose another name.`, { entry_name: name });
  const renamed = await renaming({ name_taken: taken }, place.drive.rename(place.entry.id, name));
  const path = `${place.path.slice(0, place.path.lastIndexOf('/'))}/${renamed.name}`;
  return toV1(reach.show({ ...place, entry: renamed, path }));
}

/** Where to, which needs a link of its own. */
function destinationOf({ destination_write_url: url }: Fields): SignedQuery {
  if (!url) throw fieldRequired('destination_write_url');
  if (!URL.canParse(url))
    throw new PuterError('field_invalid', 'destination_write_url: give the `write_url` of a folder.', { field: 'destination_write_url' });
  const parsed = signedQuery.safeParse(Object.fromEntries(new URL(url).searchParams));
  if (!parsed.success)
    throw new PuterError('field_invalid', 'destination_write_url: give the `write_url` of a folder.', { field: 'destination_write_url' });
  return parsed.data;
}

/** The fields of a request, as multipart or as JSON, up to its file. */
async function open(request: IncomingMessage): Promise<{ next: () => Promise<Given>; rest: () => Promise<void> }> {
  if (!/^multipart\//i.test(request.headers['content-type'] ?? '')) {
    const given = { fields: fields.parse(await readJson(request)), file: undefined };
    return { next: async () => given, rest: async () => {} };
  }
  const parts = partsOf(request, limits);
  const found: Record<string, string> = {};
  return {
    async next() {
      for (;;) {
        const { value: part, done } = await parts.next();
        if (done) return { fields: fields.parse(found), file: undefined };
        if (part.kind === 'file') return { fields: fields.parse(found), file: part };
        found[part.name] = part.value;
      }
    },
    async rest() {
      for await (const part of parts) if (part.kind === 'file') part.content.resume();
    },
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limits.field) throw new RequestError('body_too_large', 413, 'The body is too large for the fields of this route.');
    chunks.push(chunk);
  }
  if (size === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new RequestError('invalid_request', 400, 'The body is neither multipart/form-data nor valid JSON.', { cause });
  }
}
