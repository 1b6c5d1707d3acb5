import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import { RequestError } from '../error.ts';

export type MultipartLimits = {
  /** Fields and files together. */
  parts: number;
  /** Bytes of one field, and of all of them. */
  field: number;
  fields: number;
};

export type Part =
  | { kind: 'field'; name: string; value: string }
  /** The content must be read to its end before the next part comes. It fails when the request breaks off. */
  | { kind: 'file'; name: string; fileName: string | undefined; mediaType: string; content: Readable };

/**
 * The parts of a multipart/form-data request in the order in which they arrive, each as soon as it does: a file is a stream, and
 * nothing of it is kept. Errors: `invalid_request` 400 when the body is none or breaks off, `body_too_large` beyond the limits.
 */
export async function* partsOf(request: IncomingMessage, limits: MultipartLimits): AsyncGenerator<Part> {
  const parser = parserOf(request, limits);
  const waiting: Part[] = [];
  let fieldBytes = 0;
  let isOver = false;
  let failure: unknown;
  let wake = () => {};
  const fail = (error: unknown) => {
    failure ??= error;
    request.unpipe(parser);
    request.resume();
    wake();
  };

  parser.on('field', (name, value, { nameTruncated, valueTruncated }) => {
    fieldBytes += Buffer.byteLength(value);
    if (nameTruncated || valueTruncated || fieldBytes > limits.fields) return fail(tooLarge('The fields are too long.'));
    waiting.push({ kind: 'field', name, value });
    wake();
  });
  parser.on('file', (name, content, { filename, mimeType }) => {
    // What breaks off after its reader is gone must not bring the process down.
    content.on('error', () => {});
    if (failure === undefined) waiting.push({ kind: 'file', name, fileName: filename, mediaType: mimeType, content });
    else content.resume();
    wake();
  });
  parser.on('partsLimit', () => fail(tooLarge(`There are more than ${limits.parts} parts.`)));
  parser.on('error', (cause) => fail(broken(cause)));
  parser.on('close', () => {
    isOver = true;
    wake();
  });
  request.once('close', () => {
    if (!request.complete) parser.destroy(new Error('The connection was lost'));
  });
  request.pipe(parser);

  try {
    for (;;) {
      const part = waiting.shift();
      if (failure !== undefined) throw failure;
      if (part) yield part;
      else if (isOver) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    for (const part of waiting) if (part.kind === 'file') part.content.resume();
    if (!isOver) fail(broken(undefined));
  }
}

function parserOf({ headers }: IncomingMessage, { parts, field }: MultipartLimits) {
  if (!/^multipart\/form-data\s*;/i.test(headers['content-type'] ?? ''))
    throw new RequestError('invalid_request', 415, 'Send the request as multipart/form-data.');
  try {
    return busboy({
      headers,
      defParamCharset: 'utf8',
      preservePath: true,
      // The parser stops at its limit; one more tells a request that has too many from one that has as many.
      limits: {
        parts: parts + 1,
        fields: parts + 1,
        files: parts + 1,
        fieldSize: field,
        fieldNameSize: 100,
        headerPairs: 20,
        fileSize: Infinity,
      },
    });
  } catch (cause) {
    throw broken(cause);
  }
}

const tooLarge = (what: string) => new RequestError('body_too_large', 413, `${what} Send it in several requests.`);
const broken = (cause: unknown) =>
  new RequestError('invalid_request', 400, 'The body is not the multipart/form-data that its headers announce, or it broke off.', {
    cause,
  });
