import { usageError } from '../error.ts';

/** Which offer to run, and where. */
export type OfferAddress = { node: string; offer: string; seconds: number | undefined };

/** Reads a name, an id, or a URL that names an offer: its function, its run, or its document. Errors: CliError 2. */
export function readOfferAddress(text: string, { node, seconds }: { node: string; seconds: string | undefined }): OfferAddress {
  const asked = seconds === undefined ? undefined : readSeconds(seconds);
  if (!/^https?:\/\//i.test(text)) {
    if (text === '' || /[/?#]/.test(text))
      throw usageError(`"${text}" is no name, id or URL of an offer.`, 'See those there are: freehold offer list');
    return { node, offer: text, seconds: asked };
  }
  const url = URL.parse(text);
  const [, offer, inPath] = /^\/(?:api\/offers\/)?([^/]+?)(?:\.cgi|\.exe)?(?:\/(?:run\/?)?(\d+)?)?$/.exec(url?.pathname ?? '') ?? [];
  if (!url || offer === undefined)
    throw usageError(`${text} is not the address of an offer.`, 'Write it as https://HOST/NAME, or its name with --node URL.');
  return { node: url.origin, offer: decodeURIComponent(offer), seconds: asked ?? (inPath === undefined ? undefined : readSeconds(inPath)) };
}

function readSeconds(text: string): number {
  const seconds = /^\d{1,4}s?$/.test(text) ? Number.parseInt(text, 10) : 0;
  if (seconds < 1 || seconds > 3600) throw usageError(`--seconds ${text} is not a number from 1 to 3600.`, 'Example: --seconds 30');
  return seconds;
}
