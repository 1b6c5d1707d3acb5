import { errorBody } from '@freehold/protocol';
import { CliError } from '../error.ts';
import type { Shape } from './shape.ts';

/** What a node refused, in its own words. */
export class NodeRefusal extends CliError {
  readonly status: number;
  /** The node's name for the reason; undefined when the answer was in no form of its own. */
  readonly code: string | undefined;
  readonly headers: Headers;

  constructor(message: string, { status, code, headers, advice }: { status: number; code?: string; headers: Headers; advice: string }) {
    super(message, { advice });
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The HTTP API of one node, asked with the shapes that it promises. Errors: CliError with what the node said. */
export type NodeClient = {
  get<Answer>(path: string, answer: Shape<Answer>): Promise<Answer>;
  post<Answer>(path: string, body: unknown, answer: Shape<Answer>): Promise<Answer>;
  put<Answer>(path: string, bytes: Uint8Array<ArrayBuffer>, answer: Shape<Answer>): Promise<Answer>;
  delete<Answer>(path: string, answer: Shape<Answer>): Promise<Answer>;
  bytes(path: string): Promise<Uint8Array>;
  /** POST without a body or an answer. */
  end(path: string): Promise<void>;
  remove(path: string): Promise<void>;
};

export function openNodeClient({
  node,
  token,
  headers = {},
  signal,
}: {
  node: string;
  token?: string;
  /** Sent with every request: a proof, an access, a payment. */
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}): NodeClient {
  async function ask(
    method: string,
    path: string,
    { body, type }: { body?: string | Uint8Array<ArrayBuffer>; type?: string } = {},
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path, node), {
        method,
        redirect: 'error',
        signal,
        headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }), ...(type && { 'content-type': type }) },
        ...(body !== undefined && { body }),
      });
    } catch (cause) {
      const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new CliError(`The node at ${node} does not answer: ${reason}.`, {
        advice: 'Start it: freehold up   (or name another: --node URL, FREEHOLD_NODE)',
        cause,
      });
    }
    if (!response.ok) throw await refusal(response, node);
    return response;
  }
  async function parse<Answer>(response: Response, shape: Shape<Answer>): Promise<Answer> {
    const result = shape.safeParse(await response.json().catch(() => undefined));
    if (!result.success) {
      throw new CliError(`${node} answered something that is no answer of a Freehold node.`, {
        advice: 'Check the address: --node URL',
        cause: result.error,
      });
    }
    return result.data;
  }
  return {
    get: async (path, shape) => parse(await ask('GET', path), shape),
    post: async (path, body, shape) => parse(await ask('POST', path, { body: JSON.stringify(body), type: 'application/json' }), shape),
    put: async (path, bytes, shape) => parse(await ask('PUT', path, { body: bytes, type: 'application/octet-stream' }), shape),
    delete: async (path, shape) => parse(await ask('DELETE', path), shape),
    bytes: async (path) => new Uint8Array(await (await ask('GET', path)).arrayBuffer()),
    end: async (path) => void (await ask('POST', path)),
    remove: async (path) => void (await ask('DELETE', path)),
  };
}

async function refusal(response: Response, node: string): Promise<NodeRefusal> {
  const { status, headers } = response;
  const body = errorBody.safeParse(await response.json().catch(() => undefined));
  if (!body.success)
    return new NodeRefusal(`${node} answered ${status} ${response.statusText}.`, {
      status,
      headers,
      advice: 'See whether it is well: freehold doctor',
    });
  const { message, code, requestId } = body.data.error;
  return new NodeRefusal(message, { status, code, headers, advice: `(${code}, request ${requestId})` });
}
