import type { OfferSummary, ProgramInfo } from '@freehold/protocol';

/** The address that people remember: by name. The one by id, which never changes its meaning, is in `summary.url`. */
export const namedUrl = ({ url, offer }: Pick<OfferSummary, 'url' | 'offer'>): string => new URL(`/${offer.name}.cgi`, url).href;

/** A call that works as it stands: of a core module, its first export with small numbers. */
export function exampleUrl(summary: Pick<OfferSummary, 'url' | 'offer'>, program?: ProgramInfo): string {
  const url = namedUrl(summary);
  const first = program?.kind === 'core' ? program.exports[0] : undefined;
  if (!first) return url;
  const values = first.parameters.map((_, index) => `${String.fromCodePoint(97 + (index % 26))}=${6 + index}`);
  return `${url}/${encodeURIComponent(first.name)}${values.length > 0 ? `?${values.join('&')}` : ''}`;
}

/** The line for a terminal. Quoted when a shell would read something else into it. */
export function curlLine(url: string): string {
  return `freehold curl ${/^[\w:/.%-]+$/.test(url) ? url : `'${url}'`}`;
}
