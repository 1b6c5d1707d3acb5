import type { PropertyChange } from '@freehold/drive';
import { readSmall } from './body.ts';
import { DavError } from './error.ts';
import { multistatusBegin, multistatusEnd, propstat, responseOf, xmlType } from './multistatus.ts';
import { hrefOf } from './place.ts';
import { emptyElement } from './propfind.ts';
import { entryOf, refuseIfLocked, type Visit } from './visit.ts';
import { davNamespace, elementsOf, isDav, parseXml, serializeXml } from './xml.ts';

const protectedError = '<D:error><D:cannot-modify-protected-property/></D:error>';

/** PROPPATCH (RFC 4918 §9.2): all changes or none. What the node computes itself cannot be set. */
export async function proppatch(visit: Visit): Promise<unknown> {
  const entry = entryOf(visit);
  refuseIfLocked(visit, visit.place);
  const changes = parseChanges(await readSmall(visit.stream));
  const isProtected = ({ namespace }: PropertyChange) => namespace === davNamespace;
  const refused = changes.filter(isProtected);
  const others = changes.filter((change) => !isProtected(change));
  const answer = (content: string) =>
    visit.reply
      .code(207)
      .header('content-type', xmlType)
      .send(multistatusBegin + responseOf(hrefOf(visit.place.names, entry.kind === 'folder'), content) + multistatusEnd);
  if (refused.length > 0) return answer(propstat(403, refused.map(emptyElement), protectedError) + propstat(424, others.map(emptyElement)));
  try {
    await visit.files.properties.change(entry.id, others);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'too_many_properties')
      return answer(propstat(507, others.map(emptyElement)));
    throw error;
  }
  return answer(propstat(200, others.map(emptyElement)));
}

function parseChanges(body: Buffer): PropertyChange[] {
  const root = parseXml(body);
  if (!isDav(root, 'propertyupdate'))
    throw new DavError('dav_invalid', 'The body must be a propertyupdate element in the namespace "DAV:".');
  const changes = elementsOf(root).flatMap((step) => {
    const isSet = isDav(step, 'set');
    if (!isSet && !isDav(step, 'remove')) return [];
    const properties = elementsOf(step)
      .filter((element) => isDav(element, 'prop'))
      .flatMap(elementsOf);
    return properties.map((element) => ({
      namespace: element.namespace,
      name: element.name,
      ...(isSet && { value: serializeXml(element) }),
    }));
  });
  if (changes.length === 0) throw new DavError('dav_invalid', 'The body changes nothing: it must hold set or remove with a prop in it.');
  return changes;
}
