/** The head of one HTTP answer, as curl writes it with `--dump-header`. */
export type AnswerHead = {
  status: number;
  /** The first value of each field, by lower-case name. */
  fields: ReadonlyMap<string, string>;
};

/**
 * Every complete head in a header dump, in order: redirects, retries, interim answers and the final one. What a proxy says when it
 * opens a tunnel (RFC 9110 §9.3.6) is no answer of the server and is left out.
 */
export function readAnswerHeads(dump: string): AnswerHead[] {
  const blocks = dump.split(/(?<=\n)\r?\n/);
  // The last piece is what follows the last blank line: nothing, or a head that is still arriving.
  blocks.pop();
  return blocks.filter((block) => /^HTTP\/[\d.]+ \d{3}/.test(block) && !isTunnelOpened.test(block)).map(readHead);
}

const isTunnelOpened = /^HTTP\/1\.\d 200 connection established/i;

function readHead(block: string): AnswerHead {
  const [statusLine = '', ...lines] = block.split(/\r?\n/);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(' ')[1]), fields };
}
