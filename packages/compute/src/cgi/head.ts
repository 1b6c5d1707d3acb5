import { CgiOutputError } from './header-block.ts';

/** How an answer begins. Names are in lower case; only `set-cookie` and what HTTP allows to repeat come more than once. */
export type FunctionHead = { status: number; headers: [name: string, value: string][] };

export type CgiHead = FunctionHead & {
  /** A path on this server that the program asks to be answered instead (RFC 3875 §6.2.2). */
  redirect: string | undefined;
};

/** Hop-by-hop headers, those that the node itself sets, and CGI's own. */
const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'status',
]);
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const controlCharacter = /[\0-\x08\x0a-\x1f\x7f]/;
/** May stand in a header block once. */
const single = new Set(['status', 'location', 'content-type']);
const bodyless = new Set([204, 304]);

export const hasBody = (status: number): boolean => !bodyless.has(status);

/** What the lines of a header block mean. Errors: CgiOutputError. */
export function parseHead(lines: readonly string[]): CgiHead {
  const statusLine = /^HTTP\/\d\.\d (.*)$/.exec(lines[0] ?? '');
  const fields = (statusLine ? lines.slice(1) : lines).map(parseField);
  if (lines.length === 0)
    throw new CgiOutputError('The program wrote no CGI headers: begin with "Content-Type: text/plain" and an empty line');
  for (const [at, { name }] of fields.entries()) {
    if (single.has(name) && fields.findIndex((other) => other.name === name) !== at)
      throw new CgiOutputError(`The program sent ${nameOf(name)} twice`);
  }
  const value = (name: string) => fields.find((field) => field.name === name)?.value;
  if (statusLine && value('transfer-encoding') !== undefined)
    throw new CgiOutputError(
      'The program speaks HTTP itself (nph), which is not supported: write CGI headers, and "Status: 200" instead of a status line',
    );
  const said = value('status') ?? statusLine?.[1];
  if (statusLine && value('status') !== undefined) throw new CgiOutputError('The program sent a status line and Status');
  const location = value('location');
  const status = said === undefined ? (location === undefined ? 200 : 302) : parseStatus(said);
  const headers = fields.filter(({ name }) => !dropped.has(name)).map(({ name, value }): [string, string] => [name, value]);
  if (value('content-type') === undefined && hasBody(status) && location === undefined)
    headers.push(['content-type', 'application/octet-stream']);
  return { status, headers, redirect: said === undefined && location?.startsWith('/') === true ? location : undefined };
}

function parseField(line: string): { name: string; value: string } {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 1).trim();
  if (colon < 1 || !headerName.test(name))
    throw new CgiOutputError(`The program's answer has a line that is no header: ${JSON.stringify(line.slice(0, 80))}`);
  if (controlCharacter.test(value)) throw new CgiOutputError(`The program's header ${name} holds a control character`);
  return { name: name.toLowerCase(), value };
}

function parseStatus(value: string): number {
  const match = /^([2-5]\d\d)(?: .*)?$/.exec(value);
  if (!match) throw new CgiOutputError(`The program's Status ${JSON.stringify(value.slice(0, 40))} is not a number from 200 to 599`);
  return Number(match[1]);
}

const nameOf = (name: string) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
