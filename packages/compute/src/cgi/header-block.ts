/** The program did not keep to CGI; the message is for its author. */
export class CgiOutputError extends Error {
  override name = 'CgiOutputError';
}

export type HeaderBlock = {
  /** Without their ends; bytes as Latin-1, as HTTP/1.1 sends them. */
  lines: string[];
  /** What of the body has come already. */
  rest: Buffer;
};

const mostBytes = 32 * 1024;

/**
 * Finds the header block at the beginning of a program's output, however it is cut into pieces. Lines end in LF or CR LF, and
 * an empty one ends the block: `LF LF`, `CR LF CR LF` and `LF CR LF` are all the same. `missing` says why there is none.
 * Errors: CgiOutputError when there is no block within 32 KiB.
 */
export function openHeaderBlock() {
  const lines: string[] = [];
  let pending: Buffer = Buffer.alloc(0);
  let size = 0;

  return {
    /** Answers the block once it is complete. */
    push(chunk: Buffer): HeaderBlock | undefined {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (let start = 0; ;) {
        const end = pending.indexOf(0x0a, start);
        const taken = size + (end === -1 ? pending.length : end + 1) - start;
        if (taken > mostBytes)
          throw new CgiOutputError('The program wrote no CGI header block (headers, then an empty line, within 32 KiB)');
        if (end === -1) {
          pending = pending.subarray(start);
          return undefined;
        }
        const line = pending.toString('latin1', start, end > start && pending[end - 1] === 0x0d ? end - 1 : end);
        size = taken;
        start = end + 1;
        if (line === '') return { lines, rest: pending.subarray(start) };
        lines.push(line);
      }
    },

    /** Why there is none, once the output has ended. */
    missing(): CgiOutputError {
      const isNothing = size === 0 && pending.length === 0;
      return new CgiOutputError(
        isNothing ? 'The program wrote nothing' : 'The program wrote no CGI header block (headers, then an empty line, within 32 KiB)',
      );
    },
  };
}
