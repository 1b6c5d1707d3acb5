import { isUtf8 } from 'node:buffer';
import { pathKey } from '@freehold/drive';
import type { Arrival } from '../../http/route.ts';
import { DavError } from './error.ts';

/** Where a URL below /dav points: names from the root of the drive. Whether something is there is another question. */
export type Place = {
  names: readonly string[];
  /** The place in the form under which names collide; "" for the root. */
  path: string;
};

export const placeAt = (names: readonly string[]): Place => ({ names, path: pathKey(names) });
export const placeAbove = ({ names }: Place): Place => placeAt(names.slice(0, -1));

const prefix = 'dav';

/** The address of a place as answers give it. A folder's ends with a slash. */
export const hrefOf = (names: readonly string[], isFolder: boolean): string =>
  `/${[prefix, ...names].map(encodeURIComponent).join('/')}${isFolder ? '/' : ''}`;

/**
 * Reads the path of a URL as it came over the wire. Segments are decoded one by one, so an encoded slash never becomes a folder;
 * `.` and `..` are refused, encoded or not, and empty segments mean nothing. Errors: `dav_invalid`.
 */
export function placeOfUrl(url: string): Place {
  const [path = ''] = asUtf8(url).split('?', 1);
  if (path.includes('#')) throw new DavError('dav_invalid', 'A request cannot carry a fragment. Encode the # as %23.');
  const [first, ...names] = path.split('/').filter(Boolean).map(decodeSegment);
  if (first !== prefix) throw new DavError('dav_invalid', 'Ask for a path below /dav.');
  return placeAt(names);
}

/** Some programs send UTF-8 as it is, which arrives here one character a byte. */
function asUtf8(url: string): string {
  const bytes = Buffer.from(url, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : url;
}

function decodeSegment(segment: string): string {
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    throw new DavError('dav_invalid', 'The URL holds a percent sign that does not stand for UTF-8.');
  }
  if (name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new DavError('dav_invalid', 'A segment of the URL is no name: "." and "..", a slash and a NUL cannot be in one.');
  return name;
}

/**
 * The place that a Destination header, or the tag of an If header, names: a full URL of this node or a path on it. Undefined when
 * it is on another server. The scheme is not compared, because a proxy in front may have another. Errors: `dav_invalid`.
 */
export function placeOfReference(reference: string, arrival: Arrival): Place | undefined {
  if (reference.startsWith('//')) return undefined;
  const [, host, path] = /^https?:\/\/([^/?#]*)([^]*)$/i.exec(reference) ?? [undefined, undefined, reference];
  if (host !== undefined && host.toLowerCase() !== new URL(arrival.origin).host && host.toLowerCase() !== hostOf(arrival)) return undefined;
  if (path === undefined || !path.startsWith('/'))
    throw new DavError('dav_invalid', 'Name the destination by a full URL, or by a path that begins with a slash.');
  return placeOfUrl(path);
}

/** With the port that a URL leaves out. */
function hostOf({ origin }: Arrival): string {
  const { protocol, hostname, port } = new URL(origin);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
