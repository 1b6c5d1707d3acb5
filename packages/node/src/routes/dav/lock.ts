import { covers, type WriteLock } from '@freehold/drive';
import { readSmall } from './body.ts';
import { DavError } from './error.ts';
import { depthOf, timeoutOf } from './headers.ts';
import { lockdiscovery } from './live.ts';
import { xmlType } from './multistatus.ts';
import { refuseIfLocked, spotOf, type Visit } from './visit.ts';
import { childOf, isDav, parseXml, serializeXml } from './xml.ts';

/** LOCK (RFC 4918 §9.10): takes a lock, making an empty file where nothing is, or, without a body, lets one count anew. */
export async function lock(visit: Visit): Promise<unknown> {
  const body = await readSmall(visit.stream);
  if (body.length === 0) return refresh(visit);
  const { files, place, entry, headers, principal, reply } = visit;
  const infinite = depthOf(headers, [0, 'infinity'], 'infinity') === 'infinity';
  const wish = parseLock(body);
  const spot = entry ? undefined : await spotOf(files, place);
  if (spot) refuseIfLocked(visit, place, { membership: true });

  const taken = await files.locks.take({ ...wish, names: place.names, infinite, principal, timeout: timeoutOf(headers) });
  if (spot) {
    try {
      await files.writeFile({ parent: spot.parent.id, name: spot.name, content: nothing(), size: 0, signal: visit.signal });
    } catch (error) {
      await files.locks.release(taken.token);
      throw error;
    }
  }
  reply.header('lock-token', `<${taken.token}>`);
  return answer(visit, taken, spot ? 201 : 200);
}

/** Of the submitted locks the one on this place, which may have been taken further up. */
async function refresh(visit: Visit): Promise<unknown> {
  const { files, place, headers, locks, submitted } = visit;
  const held = locks.find((one) => submitted.has(one.token) && covers(one, place.path));
  const refreshed = held && (await files.locks.refresh({ token: held.token, timeout: timeoutOf(headers) }));
  if (!refreshed)
    throw new DavError('dav_precondition', 'There is no such lock here any more. Take a new one by a LOCK with a body.', {
      rule: 'lock-token-matches-request-uri',
    });
  return answer(visit, refreshed, 200);
}

/** UNLOCK (RFC 4918 §9.11). Errors: `dav_conflict` when the token is of no lock on this place; `dav_forbidden` when another account has it. */
export async function unlock({ files, place, headers, locks, principal, reply }: Visit): Promise<unknown> {
  const token = /^\s*<([^<>\s]+)>\s*$/.exec(String(headers['lock-token'] ?? ''))?.[1];
  if (token === undefined) throw new DavError('dav_invalid', 'Name the lock in a Lock-Token header, in angle brackets.');
  const held = locks.find((one) => one.token === token && covers(one, place.path));
  if (!held)
    throw new DavError('dav_conflict', 'There is no lock with that token on this file.', { rule: 'lock-token-matches-request-uri' });
  if (held.principal !== principal) throw new DavError('dav_forbidden', 'Only who took the lock can release it.');
  await files.locks.release(token);
  return reply.code(204).send();
}

function parseLock(body: Buffer): Pick<WriteLock, 'exclusive' | 'owner'> {
  const root = parseXml(body);
  const scope = isDav(root, 'lockinfo') ? childOf(root, 'lockscope') : undefined;
  const type = childOf(root, 'locktype');
  const exclusive = scope && childOf(scope, 'exclusive') !== undefined;
  const shared = scope && childOf(scope, 'shared') !== undefined;
  if (exclusive === shared || !type || !childOf(type, 'write'))
    throw new DavError('dav_invalid', 'The body must be a lockinfo element with a scope (exclusive or shared) and the type write.');
  const owner = childOf(root, 'owner');
  const text = owner ? serializeXml(owner) : '';
  if (text.length > 4096)
    throw new DavError('dav_too_large', 'The owner of the lock is described at too great length: at most 4096 characters.');
  return { exclusive: exclusive === true, owner: text };
}

const answer = ({ reply }: Visit, held: WriteLock, status: number) =>
  reply
    .code(status)
    .header('content-type', xmlType)
    .send(
      `<?xml version="1.0" encoding="utf-8"?>\n<D:prop xmlns:D="DAV:"><D:lockdiscovery>${lockdiscovery([held])}</D:lockdiscovery></D:prop>\n`,
    );

async function* nothing(): AsyncGenerator<Uint8Array> {}
