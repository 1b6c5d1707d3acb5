import { errorBody } from '@freehold/protocol';
import { CliError } from '../error.ts';
import type { Shape } from './shape.ts';

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

export function openNodeClient({ node, token, signal }: { node: string; token?: string; signal: AbortSignal }): NodeClient {
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
        headers: { ...(token && { authorization: `Bearer ${token}` }), ...(type && { 'content-type': type }) },
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

async function refusal(response: Response, node: string): Promise<CliError> {
  const body = errorBody.safeParse(await response.json().catch(() => undefined));
  if (!body.success)
    return new CliError(`${node} answered ${response.status} ${response.statusText}.`, {
      advice: 'See whether it is well: freehold doctor',
    });
  const { message, code, requestId } = body.data.error;
  return new CliError(message, { advice: `(${code}, request ${requestId})` });
}
