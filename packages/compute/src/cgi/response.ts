import { hasBody, parseHead, type FunctionHead } from './head.ts';
import { openHeaderBlock } from './header-block.ts';

export { CgiOutputError } from './header-block.ts';

/** What a CGI program answered (RFC 3875 §6), ready to be sent as HTTP. */
export type FunctionResponse = FunctionHead & { body: Buffer };

/**
 * Reads `headers, blank line, body` from a complete standard output. Errors: CgiOutputError when there is no header block, a
 * malformed line, or a bad Status.
 */
export function parseCgiOutput(output: Buffer): FunctionResponse {
  const block = openHeaderBlock();
  const found = block.push(output);
  if (!found) throw block.missing();
  const { status, headers } = parseHead(found.lines);
  return { status, headers, body: hasBody(status) ? found.rest : Buffer.alloc(0) };
}
