import { RequestError } from '../error.ts';

/** Inclusive byte positions. */
export type Range = { start: number; end: number };

/**
 * A single range of RFC 9110 §14.2. Undefined when the header is absent, names another unit, or asks for several ranges
 * (a server may answer those whole). Errors: `invalid_request` 416 when it lies outside the content.
 */
export function parseRange(header: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= size || end < start)
    throw new RequestError('invalid_request', 416, `The file has ${size} bytes; the range asked for lies outside.`, { details: { size } });
  return { start, end };
}
