import { base64pad } from 'multiformats/bases/base64';

/** A JSON value as the base64 text of an HTTP header. */
export const toJsonHeader = (value: unknown): string => base64pad.baseEncode(new TextEncoder().encode(JSON.stringify(value)));

/** Errors: SyntaxError when the header is not base64 of JSON. */
export function fromJsonHeader(header: string): unknown {
  const unpadded = header.trim().replace(/=+$/, '');
  const padded = unpadded.padEnd(Math.ceil(unpadded.length / 4) * 4, '=');
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(base64pad.baseDecode(padded)));
}
