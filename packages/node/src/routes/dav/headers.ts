import type { IncomingHttpHeaders } from 'node:http';
import { DavError } from './error.ts';

export type Depth = 0 | 1 | 'infinity';

/** How far below a request reaches. Errors: `dav_invalid` when it is not one of those that the method takes. */
export function depthOf(headers: IncomingHttpHeaders, allowed: readonly Depth[], standard: Depth): Depth {
  const given = headers['depth'];
  if (given === undefined) return standard;
  const depth = given === '0' ? 0 : given === '1' ? 1 : String(given).toLowerCase() === 'infinity' ? 'infinity' : undefined;
  if (depth === undefined || !allowed.includes(depth))
    throw new DavError('dav_invalid', `The Depth header must be one of ${allowed.join(', ')} here.`);
  return depth;
}

/** Whether what is at the destination may be replaced. Errors: `dav_invalid`. */
export function overwriteOf(headers: IncomingHttpHeaders): boolean {
  const given = String(headers['overwrite'] ?? 'T').toUpperCase();
  if (given !== 'T' && given !== 'F') throw new DavError('dav_invalid', 'The Overwrite header must be T or F.');
  return given === 'T';
}

/** The first time that a client asks for and that is a number, in milliseconds; `Infinite` is the longest there is. */
export function timeoutOf(headers: IncomingHttpHeaders): number | undefined {
  for (const wish of String(headers['timeout'] ?? '').split(',')) {
    if (/^\s*infinite\s*$/i.test(wish)) return Number.MAX_SAFE_INTEGER;
    const seconds = /^\s*second-(\d{1,10})\s*$/i.exec(wish)?.[1];
    if (seconds !== undefined) return Number(seconds) * 1000;
  }
  return undefined;
}

/** Time in milliseconds that a file is to have, which ownCloud's clients and rclone send in seconds. */
export function modifiedAtOf(headers: IncomingHttpHeaders): number | undefined {
  const seconds = /^(\d{1,11})(?:\.\d+)?$/.exec(String(headers['x-oc-mtime'] ?? ''))?.[0];
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1000);
}
