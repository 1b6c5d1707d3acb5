import type { Entry } from '@freehold/protocol';

/** The page may draw itself, show pictures of this node and send its own form; nothing else, and nobody frames it. */
export const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
const toUrlPath = (path: string) => path.split('/').map(encodeURIComponent).join('/');

const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
export function sizeOf(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

const style = `
:root { color-scheme: light dark; --ink: #1d2a24; --soft: #5a6b62; --line: #d5ddd8; --paper: #fbfcfa; --ground: #eef3ef; --accent: #1b6b4c }
@media (prefers-color-scheme: dark) { :root { --ink: #e8efe9; --soft: #a3b3aa; --line: #34423b; --paper: #18211d; --ground: #101714; --accent: #6cc79c } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1rem }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; padding: 1.5rem; overflow-wrap: anywhere }
h1 { font-size: 1.35rem; margin: 0 0 .25rem }
p { margin: .25rem 0; color: var(--soft) }
nav { margin: 0 0 1rem } nav a + a::before { content: " / "; color: var(--soft) }
a { color: var(--accent) } a:focus-visible, button:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
table { width: 100%; border-collapse: collapse; margin-top: 1rem }
th { text-align: start; color: var(--soft); font-weight: 500; font-size: .85rem }
td, th { padding: .6rem .25rem; border-bottom: 1px solid var(--line) } td:last-child, th:last-child { text-align: end; white-space: nowrap; color: var(--soft) }
.actions { display: flex; gap: .75rem; flex-wrap: wrap; margin-top: 1.25rem }
.button, button { background: var(--accent); color: var(--paper); border: 0; border-radius: 9px; padding: .6rem 1.1rem; font: inherit; font-weight: 600; text-decoration: none; cursor: pointer }
.quiet { background: none; color: var(--accent); border: 1px solid var(--line) }
label { display: block; margin: 1rem 0 .35rem } input { width: 100%; font: inherit; padding: .6rem; border: 1px solid var(--soft); border-radius: 9px; background: var(--paper); color: var(--ink) }
.problem { color: #b3261e } @media (prefers-color-scheme: dark) { .problem { color: #ffb4ab } }
img, video { max-width: 100%; max-height: 60vh; border-radius: 9px; margin-top: 1rem; display: block }
audio { width: 100%; margin-top: 1rem }
`;

const page = (title: string, content: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${escape(title)}</title><style>${style}</style></head><body><main><div class="card">${content}</div></main></body></html>
`;

export const problemPage = (message: string) => page('Link', `<h1>This link cannot be opened</h1><p>${escape(message)}</p>`);

export const passwordPage = ({ action, problem }: { action: string; problem: string | undefined }) =>
  page(
    'Password',
    `<h1>This link is protected</h1><p>Enter the password that came with it.</p>
<form method="post" action="${escape(action)}"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="off" required autofocus${problem ? ' aria-invalid="true" aria-describedby="problem"' : ''}>
${problem ? `<p class="problem" id="problem" role="alert">${escape(problem)}</p>` : ''}<div class="actions"><button>Open</button></div></form>`,
  );

type Place = { base: string; label: string; name: string; path: string; expiresAt: number | null };

const until = (expiresAt: number | null) => (expiresAt === null ? '' : `<p>Until ${new Date(expiresAt).toUTCString()}</p>`);

function trail({ base, name, path }: Place): string {
  const names = path.split('/').filter(Boolean);
  const steps = names.map((step, index) => ({ step, to: `${base}/browse/${toUrlPath(names.slice(0, index + 1).join('/'))}` }));
  const links = [{ step: name, to: base }, ...steps].slice(0, -1);
  return links.length === 0
    ? ''
    : `<nav aria-label="Folders">${links.map(({ step, to }) => `<a href="${escape(to)}">${escape(step)}</a>`).join('')}</nav>`;
}

const contentUrl = (base: string, path: string, download = false) =>
  escape(`${base}/content${toUrlPath(path === '/' ? '' : path)}${download ? '?download=1' : ''}`);

/** What the browser can show without running anything. */
function preview({ mediaType = '' }: Entry, url: string): string {
  if (/^image\/(?!svg)/.test(mediaType)) return `<img src="${url}" alt="">`;
  if (mediaType.startsWith('video/')) return `<video src="${url}" controls preload="metadata"></video>`;
  return mediaType.startsWith('audio/') ? `<audio src="${url}" controls preload="metadata"></audio>` : '';
}

export const filePage = (place: Place, entry: Entry) =>
  page(
    entry.name,
    `${trail(place)}<h1>${escape(entry.name)}</h1>${place.label ? `<p>${escape(place.label)}</p>` : ''}<p>${sizeOf(entry.size)}</p>${until(place.expiresAt)}
${preview(entry, contentUrl(place.base, place.path))}<div class="actions"><a class="button" href="${contentUrl(place.base, place.path, true)}">Download</a>
<a class="button quiet" href="${contentUrl(place.base, place.path)}">Open</a></div>`,
  );

export function folderPage(
  place: Place,
  { entry, entries, next }: { entry: Entry; entries: readonly Entry[]; next: string | undefined },
): string {
  const below = (name: string) => `${place.path === '/' ? '' : place.path}/${name}`;
  const rows = entries.map(
    ({ name, kind, size }) =>
      `<tr><td><a href="${escape(`${place.base}/browse${toUrlPath(below(name))}`)}">${escape(name)}${kind === 'folder' ? '/' : ''}</a></td><td>${kind === 'folder' ? 'Folder' : sizeOf(size)}</td></tr>`,
  );
  const list =
    rows.length === 0
      ? '<p>This folder is empty.</p>'
      : `<table><thead><tr><th scope="col">Name</th><th scope="col">Size</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  const more =
    next === undefined ? '' : `<div class="actions"><a class="button quiet" href="?after=${encodeURIComponent(next)}">More</a></div>`;
  return page(
    entry.name,
    `${trail(place)}<h1>${escape(entry.name || place.name)}</h1>${place.label ? `<p>${escape(place.label)}</p>` : ''}${until(place.expiresAt)}${list}${more}`,
  );
}
