import { hasBody, readFile } from './body.ts';
import { etagOf, refuseUnlessMatching } from './conditional.ts';
import { DavError } from './error.ts';
import { modifiedAtOf } from './headers.ts';
import { refuseIfLocked, spotOf, type Visit } from './visit.ts';

const mediaType = /^[\w.+-]+\/[\w.+-]+$/;

/** PUT (RFC 4918 §9.7): streams new content in; what the file had becomes a version of it. */
export async function put(visit: Visit): Promise<unknown> {
  const { files, place, entry, headers, stream, reply, signal } = visit;
  if (headers['content-range'] !== undefined)
    throw new DavError('dav_invalid', 'A part of a file cannot be put. Send the whole file, without Content-Range.');
  if (entry?.kind === 'folder')
    throw new DavError('dav_method', 'There is a folder at this address, which has no content. Put the file into it.');
  refuseIfLocked(visit, place, { membership: !entry });
  const { parent, name } = await spotOf(files, place);
  const { 'content-length': length, 'content-type': type } = headers;
  const modifiedAt = modifiedAtOf(headers);

  const written = await files.writeFile({
    parent: parent.id,
    // A file that is there keeps the name as it is spelled.
    name: entry?.name ?? name,
    content: hasBody(stream) ? readFile(stream) : nothing(),
    onConflict: entry || headers['if-none-match'] === undefined ? 'replace' : 'fail',
    signal,
    modifiedAt,
    approve({ existing, locks }) {
      if (visit.ifLists && existing?.cid !== entry?.cid) throw changedMeanwhile();
      refuseUnlessMatching({ entry: existing, headers, stream });
      refuseIfLocked({ locks, submitted: visit.submitted }, place, { membership: !existing });
    },
    size: length === undefined ? undefined : Number(length),
    mediaType: type !== undefined && mediaType.test(type) && type !== 'application/octet-stream' ? type.toLowerCase() : undefined,
  });
  if (modifiedAt !== undefined) reply.header('x-oc-mtime', 'accepted');
  reply.header('etag', etagOf(written) ?? '');
  return reply.code(entry ? 204 : 201).send();
}

const changedMeanwhile = () =>
  new DavError('dav_precondition', 'Another program changed the file while this was on its way. Look again before you change it.');

async function* nothing(): AsyncGenerator<Uint8Array> {}
