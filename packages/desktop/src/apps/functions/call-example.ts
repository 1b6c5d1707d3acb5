import type { OfferSummary } from '@freehold/protocol';

/** The address that people remember: by name. The one by id, which never changes its meaning, is in `summary.url`. */
export const namedUrl = ({ url, offer }: Pick<OfferSummary, 'url' | 'offer'>): string => new URL(`/${offer.name}.cgi`, url).href;

/** The line for a terminal. Quoted when a shell would read something else into it. */
export function curlLine(url: string): string {
  return `freehold curl ${/^[\w:/.%-]+$/.test(url) ? url : `'${url}'`}`;
}
