import { hasBody, parseHead, type CgiHead, type FunctionHead } from './head.ts';
import { openHeaderBlock } from './header-block.ts';

export { CgiOutputError } from './header-block.ts';

/** What a CGI program answered (RFC 3875 §6), ready to be sent as HTTP. */
export type FunctionResponse = FunctionHead & { body: Buffer };

/**
 * Reads `headers, blank line, body` from a complete standard output. Errors: CgiOutputError when there is no header block, a
 * malformed line, or a bad Status.
 */
export function readOutput(output: Buffer): { head: CgiHead; body: Buffer } {
  const block = openHeaderBlock();
  const found = block.push(output);
  if (!found) throw block.missing();
  const head = parseHead(found.lines);
  return { head, body: hasBody(head.status) ? found.rest : Buffer.alloc(0) };
}

/** What a program answered that may not send the call on to another path. Errors: as `readOutput`. */
export function parseCgiOutput(output: Buffer): FunctionResponse {
  const {
    head: { status, headers },
    body,
  } = readOutput(output);
  return { status, headers, body };
}
