import type { RawAnswer } from '../../../packages/node/src/testing/raw-request.ts';
import type { Case } from './cases.ts';

/** What a server answered, or how it failed to. */
export type Answered = RawAnswer | 'hangs' | 'unreadable';

/** An answer in a few words, the same for the same behaviour whichever server gave it. */
export function describe(answered: Answered, { look }: Case, masks: readonly [string, string][]): string {
  if (typeof answered === 'string') return answered;
  const text = masks.reduce((all, [from, to]) => all.replaceAll(from, to), answered.body.toString());
  const { status, informational, headers } = answered;
  const before = informational.map((code) => `${code} then `).join('');
  if (look === 'pace') {
    const [first] = answered.pieces;
    const [last] = answered.pieces.slice(-1);
    return `${before}${status} ${first && last && last.ms - first.ms > 200 ? 'as it is written' : 'at the end'}`;
  }
  if (typeof look !== 'string' || look === 'names') return before + (status === 200 ? variables(text, look) : `${status}`);
  const shown = Object.entries(headers)
    .filter(
      ([name]) =>
        /^(location|set-cookie|x-case.*|cache-control|etag|upgrade|trailer|keep-alive|x-sendfile|x-accel-redirect)$/.test(name) &&
        !(name === 'x-case-0' || /^x-case-[1-9]/.test(name)),
    )
    .filter(([name, value]) => !isUsual(name, value))
    .map(
      ([name, value]) =>
        `${name}: ${masks.reduce((all, [from, to]) => all.replaceAll(from, to), Array.isArray(value) ? value.join(' & ') : String(value))}`,
    );
  const many = Object.keys(headers).filter((name) => /^x-case-\d+$/.test(name)).length;
  if (many > 0) shown.push(`${many} headers`);
  if (look === 'framing') shown.push(...lengthOf(answered));
  const type = headers['content-type'] ?? 'no type';
  const isPage = status >= 300 && (text.startsWith('<') || text.startsWith('{"error"'));
  const body = isPage
    ? ['page']
    : [
        type,
        ...shown.splice(0),
        text.length > 100 ? `${answered.body.length} bytes` : JSON.stringify(text.replace(/ sum=\S+/, '').trimEnd()),
      ];
  return `${before}${[status, ...shown, ...body].join(' ')}${answered.whole || isPage ? '' : ' cut off'}`;
}

/** What is said of the length, unless it is right. The answer to HEAD has no body to compare it with. */
function lengthOf({ headers, body, isHead }: RawAnswer): string[] {
  const said = headers['content-length'];
  if (isHead) return [said === undefined ? 'no length' : `length ${said}`];
  return said === undefined || Number(said) === body.length ? [] : [`length ${said} of ${body.length}`];
}

/** What servers say of every answer, whatever the program did. */
const isUsual = (name: string, value: string | string[] | undefined) =>
  (name === 'cache-control' && value === 'no-store') ||
  (name === 'keep-alive' && !String(value).includes('timeout=9')) ||
  (name === 'trailer' && String(value).startsWith('x-freehold-'));

function variables(text: string, look: 'names' | readonly string[]): string {
  const all = new Map(text.split('\n').map((line): [string, string] => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
  all.delete('');
  if (look === 'names') return [...all.keys()].sort().join(' ');
  return look
    .map((name) => {
      const value = all.get(name);
      return `${name} ${value === undefined ? 'not there' : value.length > 100 ? `of ${value.length} bytes` : JSON.stringify(value)}`;
    })
    .join(', ');
}
