import { childrenOf, type Blocks, type Resolved } from '@freehold/drive';
import { pathOf, type Place } from './place.ts';

/** To be raised when the page changes: it is part of the entity tag. */
export const listingVersion = 1;
const mostRows = 10_000;

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

const style = `
:root{color-scheme:light dark;--line:#8883;--soft:#7779}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:2rem 1rem}
h1{font-size:1.1rem;font-weight:600;overflow-wrap:anywhere;margin:0 0 1rem}
p{color:var(--soft);overflow-wrap:anywhere;font-size:.85rem}
table{border-collapse:collapse;width:100%}
td{border-top:1px solid var(--line);padding:.35rem .5rem;overflow-wrap:anywhere}
td:nth-child(2){font-family:ui-monospace,monospace;font-size:.8rem;color:var(--soft)}
td:nth-child(3){text-align:right;white-space:nowrap;color:var(--soft)}
a{color:inherit}`;

/** A folder as a page: its names in their order, each with its CID and size. */
export async function* listing(blocks: Blocks, folder: Pick<Resolved, 'cid' | 'node'>, place: Place): AsyncGenerator<Uint8Array> {
  const { base, segments } = place;
  const here = base + pathOf(segments);
  const title = `/${place.space}/${place.name}${segments.map((segment) => `/${segment}`).join('')}`;
  yield text(
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head><body><main><h1>${escapeHtml(title)}</h1><p>${folder.cid.toString()}</p><table><tbody>`,
  );
  if (segments.length > 0)
    yield text(`<tr><td><a href="${escapeHtml(base + pathOf(segments.slice(0, -1)))}/">..</a></td><td></td><td></td></tr>`);
  let rows = 0;
  for await (const { name, cid, total } of childrenOf(blocks, folder)) {
    if (++rows > mostRows) break;
    yield text(
      `<tr><td><a href="${escapeHtml(`${here}/${encodeURIComponent(name)}`)}">${escapeHtml(name)}</a></td><td>${cid.toString()}</td><td>${sizeText(total)}</td></tr>`,
    );
  }
  yield text(
    `</tbody></table>${rows > mostRows ? `<p>Only the first ${mostRows} names are shown. Ask for a name by its path, or for the whole folder with ?format=car.</p>` : ''}</main></body></html>\n`,
  );
}

const text = (html: string) => Buffer.from(html);

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

/** Data that is neither a file nor a folder, for people to look at. */
export function dataPage({ cid, value }: { cid: string; value: unknown }): string {
  const shown = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner), 2) ?? '';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${cid}</title><style>${style}</style></head><body><main><h1>${cid}</h1><p>Data of IPLD. <a href="?format=raw">The block as it is</a></p><pre>${escapeHtml(shown.slice(0, 100_000))}</pre></main></body></html>\n`;
}
