import { depthOf } from './headers.ts';
import { entryOf, refuseIfLocked, spotOf, type Visit } from './visit.ts';

/** DELETE (RFC 4918 §9.6): into the trash, from where it can be restored; its locks end. */
export async function remove(visit: Visit): Promise<unknown> {
  const { files, place, headers, reply } = visit;
  const entry = entryOf(visit);
  depthOf(headers, entry.kind === 'folder' ? ['infinity'] : [0, 1, 'infinity'], 'infinity');
  await spotOf(files, place);
  refuseIfLocked(visit, place, { below: true, membership: true });
  await files.trash(entry.id);
  await files.locks.releaseBelow(place.path);
  return reply.code(204).send();
}
