import { RequestError } from '../../error.ts';

/** What a URL of the gateway asks for. */
export type Place = {
  space: 'ipfs' | 'ipns';
  /** CID or name of a key, as it was given. */
  name: string;
  segments: string[];
  /** Ends with a slash, as the URL of a folder does. */
  isFolder: boolean;
  query: URLSearchParams;
  /** The query as it was given, with its question mark; empty without one. */
  search: string;
  /** What the URLs of this content begin with on the host it was asked from: empty when it has a host of its own. */
  base: string;
  /** The content has a host of its own, so that its pages may run. */
  isIsolated: boolean;
};

/** Reads the path and query of a URL. Each name is decoded by itself: an encoded slash is part of a name, and `..` is a name like any other. */
export function readPlace(url: string, site?: { space: Place['space']; name: string }): Place {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const search = mark < 0 ? '' : url.slice(mark);
  const names = path.split('/').slice(1).map(decoded);
  const isFolder = names.at(-1) === '';
  const query = new URLSearchParams(search);
  if (site) return { ...site, segments: names.filter(Boolean), isFolder, query, search, base: '', isIsolated: true };
  const [space, name = '', ...rest] = names;
  return {
    space: space === 'ipns' ? 'ipns' : 'ipfs',
    name,
    segments: rest.filter(Boolean),
    isFolder: isFolder && names.length > 2,
    query,
    search,
    base: `/${space}/${encodeURIComponent(name)}`,
    isIsolated: false,
  };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new RequestError('invalid_request', 400, 'The URL holds a percent sign that is not followed by two hexadecimal digits of UTF-8.');
  }
}

/** Names as the path of a URL, beginning with a slash each. */
export const pathOf = (segments: readonly string[]): string => segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
