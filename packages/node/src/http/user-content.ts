/** Types that a browser only shows and never runs; anything else is offered as a download. */
const passive = /^(image\/(?!svg)[\w.+-]+|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain|application\/pdf|application\/json)$/;

/**
 * Headers for bytes that a person or a program made. They are never active on the desktop's origin: a sandboxing policy
 * gives even HTML an opaque origin with no scripts, and types that could run are sent as attachments.
 */
export function userContentHeaders({
  mediaType,
  name,
  download,
}: {
  mediaType: string;
  name: string;
  download: boolean;
}): Record<string, string> {
  const base = mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const disposition = download || !passive.test(base) ? 'attachment' : 'inline';
  return {
    'content-type': base.startsWith('text/') ? `${base}; charset=utf-8` : base || 'application/octet-stream',
    'content-disposition': `${disposition}; filename="${asciiName(name)}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.codePointAt(0)?.toString(16).toUpperCase()}`)}`,
    ...sandboxHeaders,
  };
}

export const sandboxHeaders = {
  'content-security-policy':
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
} as const;

const asciiName = (name: string) => name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
