import { callPath, type Offer, type OfferSummary } from '@freehold/protocol';

/** The address that people remember: by name. The one by id, which never changes its meaning, is in `summary.url`. */
export const namedUrl = ({ url, offer }: Pick<OfferSummary, 'url' | 'offer'>): string =>
  new URL(callPath(offer.interface, offer.name), url).href;

/** The line for a terminal. Quoted when a shell would read something else into it. */
export function terminalLine({ offer, example }: { offer: Pick<Offer, 'name' | 'interface'>; example: string }): string {
  if (offer.interface === 'batch') return `freehold run ${offer.name}`;
  return `freehold curl ${/^[\w:/.%-]+$/.test(example) ? example : `'${example}'`}`;
}
