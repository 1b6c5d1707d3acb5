import { hasBody } from './body.ts';
import { DavError } from './error.ts';
import { refuseIfLocked, spotOf, type Visit } from './visit.ts';

/** MKCOL (RFC 4918 §9.3): one folder, in one that is there. */
export async function mkcol(visit: Visit): Promise<unknown> {
  const { files, place, entry, stream, reply } = visit;
  if (hasBody(stream)) throw new DavError('dav_unsupported', 'A folder is made without a body. Leave it out.');
  if (entry) throw new DavError('dav_method', 'There is something at this address already.');
  refuseIfLocked(visit, place, { membership: true });
  const { parent, name } = await spotOf(files, place);
  await files.createFolder({ parent: parent.id, name });
  return reply.code(201).send();
}
