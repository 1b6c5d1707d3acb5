import { createHash, hash as digest, type Hash } from 'node:crypto';
import { hasBody, parseHead, type CgiHead, type FunctionHead } from './head.ts';
import { CgiOutputError, openHeaderBlock } from './header-block.ts';
import { readOutput, type FunctionResponse } from './response.ts';

/** Takes an answer as it comes, for a caller who is not kept waiting until its end. */
export type AnswerSink = {
  head(head: FunctionHead): void;
  /** A returned promise holds the program back until it settles. */
  body(chunk: Buffer): void | Promise<void>;
};

/** What a program answered: a response, or another of its own paths. Its body is empty when a sink has taken it. */
export type Read = { response: FunctionResponse; target?: never } | { response?: never; target: OwnPath };
export type OwnPath = { path: string; query: string };

/** So much of an output that a sink has taken is kept for the history of tasks. */
const keptBytes = 64 * 1024;
const nothing = Buffer.alloc(0);

/** Reads the answer out of a complete output. Errors: CgiOutputError. */
export function readAnswer(stdout: Buffer, ownPathOf: (head: CgiHead) => OwnPath | undefined): Read {
  const { head, body } = readOutput(stdout);
  return toRead(head, body, ownPathOf);
}

/**
 * Hands an answer on while the program writes it. When it does not keep to CGI, `stop` is called, and `end` throws the reason.
 * A program that sends the call on to another of its paths has answered nothing: what it writes is dropped.
 */
export function openAnswerReader({
  sink,
  ownPathOf,
  stop,
}: {
  sink: AnswerSink;
  ownPathOf: (head: CgiHead) => OwnPath | undefined;
  stop: () => void;
}) {
  const block = openHeaderBlock();
  let kept: Buffer[] = [];
  /** Of an output that is too large to keep. */
  let hash: Hash | undefined;
  let size = 0;
  let read: Read | undefined;
  let failure: CgiOutputError | undefined;

  const pass = (chunk: Buffer): void | Promise<void> => {
    if (read?.response && hasBody(read.response.status) && chunk.length > 0) return sink.body(chunk);
  };

  return {
    take(chunk: Buffer): void | Promise<void> {
      size += chunk.length;
      if (hash) hash.update(chunk);
      else {
        kept.push(chunk);
        if (size > keptBytes) {
          hash = createHash('sha256').update(Buffer.concat(kept));
          kept = [];
        }
      }
      if (failure) return;
      if (read) return pass(chunk);
      try {
        const found = block.push(chunk);
        if (!found) return;
        read = toRead(parseHead(found.lines), nothing, ownPathOf);
        if (read.response) sink.head(read.response);
        return pass(found.rest);
      } catch (error) {
        if (!(error instanceof CgiOutputError)) throw error;
        failure = error;
        stop();
      }
    },

    /** Errors: CgiOutputError. */
    end(): Read {
      if (failure) throw failure;
      if (!read) throw block.missing();
      return read;
    },

    /** What the program did not keep to, and was stopped for. */
    failure: () => failure,

    /** What was written, once it has ended and the sink was given its head. */
    sent(): { sha256: string; stdout: Buffer | undefined } | undefined {
      if (!read?.response) return undefined;
      if (hash) return { sha256: hash.digest('hex'), stdout: undefined };
      const [only = nothing] = kept;
      const stdout = kept.length > 1 ? Buffer.concat(kept) : only;
      return { sha256: digest('sha256', stdout), stdout };
    },
  };
}

function toRead(head: CgiHead, body: Buffer, ownPathOf: (head: CgiHead) => OwnPath | undefined): Read {
  const target = ownPathOf(head);
  if (target) return { target };
  const { status, headers } = head;
  return { response: { status, headers, body } };
}
