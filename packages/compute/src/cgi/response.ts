/** What a CGI program answered (RFC 3875 §6), ready to be sent as HTTP. */
export type FunctionResponse = { status: number; headers: [name: string, value: string][]; body: Buffer };

/** The program did not keep to CGI; the message is for its author. */
export class CgiOutputError extends Error {
  override name = 'CgiOutputError';
}

const headerBlockLimit = 32 * 1024;
/** Hop-by-hop headers and those that the node itself sets. */
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

/**
 * Reads `headers, blank line, body` from standard output. Lines may end in LF or CRLF. Errors: CgiOutputError when there is
 * no header block, a malformed line, or a bad Status.
 */
export function parseCgiOutput(output: Buffer): FunctionResponse {
  const { lines, body } = splitHeaderBlock(output);
  let status: number | undefined;
  let location: string | undefined;
  const headers: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1).trim();
    if (colon < 1 || !headerName.test(name))
      throw new CgiOutputError(`The program's answer has a line that is no header: ${JSON.stringify(line.slice(0, 80))}`);
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) throw new CgiOutputError(`The program's header ${name} holds a control character`);
    const lower = name.toLowerCase();
    if (lower === 'status') {
      if (status !== undefined) throw new CgiOutputError('The program sent Status twice');
      status = parseStatus(value);
    }
    if (lower === 'location') location = value;
    if (!dropped.has(lower)) headers.push([lower, value]);
  }
  if (lines.length === 0)
    throw new CgiOutputError('The program wrote no CGI headers: begin with "Content-Type: text/plain" and an empty line');
  if (!headers.some(([name]) => name === 'content-type')) headers.push(['content-type', 'application/octet-stream']);
  const final = status ?? (location === undefined ? 200 : 302);
  return { status: final, headers, body: final === 204 || final === 304 ? Buffer.alloc(0) : body };
}

function splitHeaderBlock(output: Buffer): { lines: string[]; body: Buffer } {
  const lines: string[] = [];
  for (let start = 0; ;) {
    const end = output.indexOf(0x0a, start);
    if (end === -1 || end > headerBlockLimit) {
      throw new CgiOutputError(
        output.length === 0
          ? 'The program wrote nothing'
          : 'The program wrote no CGI header block (headers, then an empty line, within 32 KiB)',
      );
    }
    const line = output.toString('latin1', start, end).replace(/\r$/, '');
    start = end + 1;
    if (line === '') return { lines, body: output.subarray(start) };
    lines.push(line);
  }
}

function parseStatus(value: string): number {
  const match = /^([2-5]\d\d)(?: .*)?$/.exec(value);
  if (!match) throw new CgiOutputError(`The program's Status ${JSON.stringify(value.slice(0, 40))} is not a number from 200 to 599`);
  return Number(match[1]);
}
