import { join } from 'node:path';
import { url, type Token } from './command-line.ts';

/** What a curl command line is about to do, as far as paying for it must know. */
export type Request = {
  /** The one URL, or undefined when there are none or several (`--next`, globs and URL lists count as several). */
  url: string | undefined;
  urlCount: number;
  /** Where in the arguments the URL stands, when it stands there as written. */
  urlAt: number | undefined;
  method: string;
  isHttp: boolean;
  /** True when curl will not transfer but talk about itself (`--help`, `--version`, `--manual`). */
  isAboutCurl: boolean;
  readsStdin: boolean;
  /** Files that receive the body (`-o`, `-O`), or undefined when it goes to standard output. */
  output: Output | undefined;
  /** `-D`: a file, or `-`. */
  dumpHeader: string | undefined;
  has(...names: string[]): boolean;
  valueOf(name: string): string | undefined;
};

export type Output = { file: string | undefined; dir: string; createDirs: boolean };

const bodyOptions = ['--data', '--data-ascii', '--data-binary', '--data-raw', '--data-urlencode', '--json', '--form', '--form-string'];

export function describeRequest(tokens: readonly Token[], { cwd }: { cwd: string }): Request {
  const has = (...names: string[]) => tokens.some((token) => names.includes(token.name));
  const valueOf = (name: string) => tokens.findLast((token) => token.name === name)?.value;
  const urls = tokens.filter((token) => token.name === url);
  const first = urls[0]?.value ?? '';
  const globs = !has('--globoff') && /\{|\[(?![0-9a-fA-F:.]*:[0-9a-fA-F:.]*\])/.test(first);
  const isSeveral = urls.length !== 1 || has('--next') || globs || /[{[]/.test(valueOf('--upload-file') ?? '');
  const isHttp = urls.every(({ value = '' }) => /^https?:/i.test(value) || !/^[a-z][a-z0-9+.-]*:\/\//i.test(value));
  return {
    url: isSeveral ? undefined : first,
    urlCount: isSeveral ? Math.max(urls.length, 2) : urls.length,
    urlAt: isSeveral ? undefined : urls[0]?.at,
    method: methodOf(has, valueOf),
    isHttp,
    isAboutCurl: urls.length === 0 || has('--help', '--version', '--manual'),
    readsStdin: tokens.some(readsStdin),
    output: outputOf(tokens, { has, valueOf, cwd }),
    dumpHeader: valueOf('--dump-header'),
    has,
    valueOf,
  };
}

function methodOf(has: Request['has'], valueOf: Request['valueOf']): string {
  const asked = valueOf('--request');
  if (asked) return asked.toUpperCase();
  if (has('--upload-file')) return 'PUT';
  if (has('--head')) return 'HEAD';
  return has(...bodyOptions) && !has('--get') ? 'POST' : 'GET';
}

function readsStdin({ name, value }: Token): boolean {
  if (value === undefined) return false;
  switch (name) {
    case '--upload-file':
      return value === '-' || value === '.';
    case '--config':
    case '--cookie':
      return value === '-';
    case '--data-urlencode':
    case '--variable':
    case '--url-query':
      return /^[^=]*@-$/.test(value);
    case '--form':
      return /=[@<]-($|[;,])/.test(value);
    case '--url':
      return value === '@-';
    default:
      return value === '@-' && name !== '--form-string' && name !== '--data-raw' && name !== '--request-target';
  }
}

function outputOf(tokens: readonly Token[], { has, valueOf, cwd }: Pick<Request, 'has' | 'valueOf'> & { cwd: string }): Output | undefined {
  const file = tokens.find((token) => token.name === '--output')?.value;
  if (file === '-' || (file === undefined && !has('--remote-name', '--remote-name-all'))) return undefined;
  return { file, dir: join(cwd, valueOf('--output-dir') ?? ''), createDirs: has('--create-dirs') };
}
