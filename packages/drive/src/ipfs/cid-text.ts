import { base36 } from 'multiformats/bases/base36';
import { bases } from 'multiformats/basics';
import { CID } from 'multiformats/cid';

const decoders = new Map<string, { decode(text: string): Uint8Array }>(Object.values(bases).map((base) => [base.prefix, base]));
/** No CID that is useful is longer; some bases take a long time for long texts. */
const longest = 512;
/** A label of a host name has so many characters at most. */
const longestLabel = 63;

/** The CID that a text names, of version 0 or 1 and in any base; undefined when it names none. */
export function parseCid(text: string): CID | undefined {
  if (text.length > longest) return undefined;
  try {
    if (/^Qm[1-9A-HJ-NP-Za-km-z]{44}$/.test(text)) return CID.parse(text);
    const decoder = decoders.get(text[0] ?? '');
    const cid = decoder && CID.decode(decoder.decode(text));
    return cid?.version === 1 ? cid : undefined;
  } catch {
    return undefined;
  }
}

/** Version 1 as the label of a host name, which knows no capitals: base32, or base36 where that is too long; undefined when both are. */
export function hostLabel(cid: CID): string | undefined {
  const v1 = cid.toV1();
  return [v1.toString(), v1.toString(base36)].find((label) => label.length <= longestLabel);
}
