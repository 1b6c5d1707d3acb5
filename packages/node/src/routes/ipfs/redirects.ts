import { RequestError } from '../../error.ts';

export type Rule = { from: string[]; to: string; status: number };
export type Match = { to: string; status: number };

const mostBytes = 64 * 1024;
const statuses = new Set([200, 301, 302, 303, 307, 308, 404, 410, 451]);

/**
 * Reads a `_redirects` file: `from to [status]` a line, with `:name` for one name and `*` for the rest of a path.
 * Errors: 500 for a file that is too large or has a line that is no rule, as the specification asks.
 */
export function parseRedirects(file: Uint8Array): Rule[] {
  if (file.length > mostBytes) throw broken(`it has ${file.length} bytes, and may have at most ${mostBytes}`);
  return Buffer.from(file)
    .toString('utf8')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .flatMap((line, index) => (line === '' ? [] : [parseRule(line, index + 1)]));
}

function parseRule(line: string, number: number): Rule {
  const [from = '', to = '', status = '301', ...rest] = line.split(/\s+/);
  if (rest.length > 0 || !/^\d{3}$/.test(status) || !statuses.has(Number(status)))
    throw broken(`line ${number} does not end with one of the statuses ${[...statuses].join(', ')}`);
  if (!from.startsWith('/') || /\*./.test(from)) throw broken(`line ${number} does not begin with a path whose only * is at its end`);
  const isAbsolute = /^https?:\/\/[^/\s]+/.test(to) && URL.canParse(to);
  const isRedirect = Number(status) >= 300 && Number(status) < 400;
  if (!to.startsWith('/') && !(isAbsolute && isRedirect))
    throw broken(`line ${number} does not lead to a path of this site, or to a whole URL`);
  if (to.startsWith('//')) throw broken(`line ${number} leads to another host without saying https:`);
  return { from: from.split('/').filter(Boolean), to, status: Number(status) };
}

/** The first rule that fits a path, with what its placeholders stand for put into its target. */
export function matchRedirect(rules: readonly Rule[], segments: readonly string[]): Match | undefined {
  for (const { from, to, status } of rules) {
    const values = valuesOf(from, segments);
    if (!values) continue;
    return { to: to.replace(/:([A-Za-z]\w*)/g, (text, name: string) => values.get(name) ?? text), status };
  }
  return undefined;
}

function valuesOf(from: readonly string[], segments: readonly string[]): Map<string, string> | undefined {
  const values = new Map<string, string>();
  for (const [index, part] of from.entries()) {
    if (part === '*') return values.set('splat', segments.slice(index).map(encodeURIComponent).join('/'));
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (part.startsWith(':')) values.set(part.slice(1), encodeURIComponent(segment));
    else if (part !== segment && part !== encodeURIComponent(segment)) return undefined;
  }
  return from.length === segments.length ? values : undefined;
}

const broken = (why: string) => new RequestError('internal', 500, `The _redirects file of this site cannot be used: ${why}.`);
