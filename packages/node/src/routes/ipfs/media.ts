import { isUtf8 } from 'node:buffer';
import { mediaTypeOf } from '@freehold/drive';
import { fileTypeFromBuffer } from 'file-type';

/** Bytes that are looked at to tell what a file is. */
export const sniffedBytes = 4100;
const unknown = 'application/octet-stream';

/** The Content-Type of a file by its name, else by its first bytes. */
export async function contentTypeOf(name: string, readStart: () => Promise<Uint8Array>): Promise<string> {
  const byName = mediaTypeOf(name);
  if (byName !== unknown) return withCharset(byName);
  const start = await readStart();
  const found = await fileTypeFromBuffer(start);
  if (found) return withCharset(found.mime);
  return isText(start)
    ? /^\s*<(!doctype\s+html|html|head|body|title|h1|p)[\s>]/i.test(Buffer.from(start).toString('utf8'))
      ? 'text/html; charset=utf-8'
      : 'text/plain; charset=utf-8'
    : unknown;
}

/** Half a character may stand at the end of what was read. */
const isText = (bytes: Uint8Array) =>
  [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, Math.max(0, bytes.length - (bytes.length === sniffedBytes ? cut : 0))))) &&
  !bytes.some((byte) => byte < 9 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32));

const withCharset = (type: string) =>
  /^text\/|^application\/(json|xml|javascript|manifest\+json)$/.test(type) ? `${type}; charset=utf-8` : type;
