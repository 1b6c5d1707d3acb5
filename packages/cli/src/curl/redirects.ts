import type { AnswerHead } from './answer-head.ts';

export type Destination = {
  /** Where the final answer came from. */
  url: URL;
  isSameOrigin: boolean;
  /** False when a redirect turned the request into a GET without its body (301, 302, 303). */
  keptMethod: boolean;
  hops: number;
};

/** Follows `Location` through the answers that curl saw. `undefined` when the URL cannot be understood. */
export function destinationOf({
  asked,
  heads,
  method,
}: {
  asked: string;
  heads: readonly AnswerHead[];
  method: string;
}): Destination | undefined {
  const first = URL.parse(/^https?:\/\//i.test(asked) ? asked : `http://${asked}`);
  if (!first) return undefined;
  const destination: Destination = { url: first, isSameOrigin: true, keptMethod: true, hops: 0 };
  for (const { status, fields } of heads.slice(0, -1)) {
    const location = fields.get('location');
    if (status < 300 || status > 399 || location === undefined) continue;
    const next = URL.parse(location, destination.url.href);
    if (!next) return undefined;
    destination.url = next;
    destination.isSameOrigin &&= next.origin === first.origin;
    destination.keptMethod &&= status >= 307 || method === 'GET' || method === 'HEAD';
    destination.hops++;
  }
  return destination;
}
