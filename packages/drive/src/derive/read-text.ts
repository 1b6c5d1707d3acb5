/** Bytes looked at to tell text from other things. */
const sample = 4096;

/** The text in bytes, which may end in the middle of a character; undefined when they are no text. */
export function readText(bytes: Uint8Array, mediaType: string): string | undefined {
  const text = decode(bytes, mediaType);
  if (text === undefined || !isReadable(text.slice(0, sample))) return undefined;
  return /html|xml/.test(mediaType) || /^\s*<(!doctype|html|\?xml)/i.test(text.slice(0, 200)) ? withoutMarkup(text) : text;
}

function decode(bytes: Uint8Array, mediaType: string): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if (bytes.subarray(0, sample).includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return mediaType.startsWith('text/') ? new TextDecoder('windows-1252').decode(bytes) : undefined;
  }
}

/** Text has next to no control characters besides those that lay it out. */
function isReadable(text: string): boolean {
  const strange = text.match(/[^\P{Cc}\t\n\v\f\r\u001B\u0085]|\uFFFD/gu)?.length ?? 0;
  return strange <= text.length / 100;
}

/** What stands between the tags. Each expression ends at the next "<", so that no input takes longer than its length. */
const withoutMarkup = (text: string) =>
  text
    .replace(/<(script|style)\b[^<>]*>[^<]*(?=<)/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(?:nbsp|#160);/g, ' ')
    .replaceAll('&amp;', '&');
