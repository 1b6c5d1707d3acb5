import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';

export type RawAnswer = {
  isHead: boolean;
  status: number;
  /** Of the answers before the answer (100, 103). */
  informational: number[];
  headers: IncomingHttpHeaders;
  trailers: NodeJS.Dict<string>;
  body: Buffer;
  /** When each piece came, in milliseconds since the head. */
  pieces: { text: string; ms: number }[];
  /** False when the connection broke off before the end. */
  whole: boolean;
};

/** One request exactly as it is given: fetch would mend some of it. */
export function rawRequest(
  url: string,
  { body, ...options }: RequestOptions & { body?: string | Buffer | Iterable<Buffer> } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const informational: number[] = [];
    const outgoing = request(url, { agent: false, ...options }, (response) => {
      const start = performance.now();
      const chunks: Buffer[] = [];
      const pieces: RawAnswer['pieces'] = [];
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        pieces.push({ text: chunk.toString('latin1'), ms: performance.now() - start });
      });
      const end = () => {
        const { statusCode = 0, headers, trailers, complete } = response;
        resolve({
          isHead: options.method === 'HEAD',
          status: statusCode,
          informational,
          headers,
          trailers,
          body: Buffer.concat(chunks),
          pieces,
          whole: complete,
        });
      };
      response.on('error', () => {});
      response.on('close', end);
    });
    outgoing.on('information', ({ statusCode }) => informational.push(statusCode));
    outgoing.on('error', reject);
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body);
    else {
      for (const chunk of body) outgoing.write(chunk);
      outgoing.end();
    }
  });
}
