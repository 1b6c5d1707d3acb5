import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export type Ask = {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array | Readable;
};
export type Answer = { status: number; headers: IncomingMessage['headers']; body: Buffer };
export type HttpClient = ReturnType<typeof openHttpClient>;

/**
 * The smallest client that Node offers: node:http over connections that stay open. `fetch` costs several times as much and
 * would be most of what is measured.
 */
export function openHttpClient({ connections = 8 }: { connections?: number } = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });

  async function open(url: string, { method = 'GET', headers = {}, body }: Ask): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options: RequestOptions = { agent, method, headers };
    const outgoing = request(url, options, resolve).once('error', reject);
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body);
    // Not awaited: for pipeline() a request ends with its answer, which is read only after this.
    else pipeline(body, outgoing).catch(reject);
    return promise;
  }

  return {
    /** The whole answer, whatever its status. */
    async ask(url: string, ask: Ask = {}): Promise<Answer> {
      const incoming = await open(url, ask);
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(piece);
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(pieces) };
    },

    /** Reads the body to its end without keeping it; answers its bytes. */
    async drain(url: string, ask: Ask = {}): Promise<number> {
      const incoming = await open(url, ask);
      if (incoming.statusCode !== 200) throw new Error(`${url} answered ${incoming.statusCode}`);
      let bytes = 0;
      incoming.on('data', (piece: Buffer) => void (bytes += piece.length));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      incoming.once('end', resolve).once('error', reject);
      await promise;
      return bytes;
    },

    close: () => agent.destroy(),
  };
}

/** The answer, or an error with the words of the server. */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${answer.body.toString().slice(0, 500)}`);
  return answer;
}
