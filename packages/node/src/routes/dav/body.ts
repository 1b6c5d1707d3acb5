import type { IncomingMessage } from 'node:http';
import { RequestError } from '../../error.ts';
import { DavError } from './error.ts';

const xmlLimit = 1024 * 1024;
/** For a whole XML body, and for each silence within a file. */
const patienceMs = 30_000;

const stopped = () => new RequestError('invalid_request', 408, 'The body stopped coming. Send the request again.');

/** Reads a small body whole. Errors: `dav_too_large` beyond 1 MiB; `invalid_request` 408 when it is not there after 30 seconds. */
export async function readSmall(stream: IncomingMessage, patience = patienceMs): Promise<Buffer> {
  const tooLarge = () => new DavError('dav_too_large', 'The body is too large: at most 1 MiB of XML is taken.');
  if (Number(stream.headers['content-length'] ?? 0) > xmlLimit) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => stream.destroy(stopped()), patience);
  try {
    // A refusal must still be answered, so the request is not destroyed with its iterator.
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > xmlLimit) throw tooLarge();
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks, size);
}

/** The content of a file as it comes. Errors: `invalid_request` 408 after 30 silent seconds. */
export async function* readFile(stream: IncomingMessage, patience = patienceMs): AsyncGenerator<Buffer> {
  const wait = () => setTimeout(() => stream.destroy(stopped()), patience);
  let timer = wait();
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      // The disk may take its time: only the sender is hurried.
      clearTimeout(timer);
      yield chunk;
      timer = wait();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the request brings a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
