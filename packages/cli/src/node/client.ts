import { errorBody } from '@freehold/protocol';
import type { z } from 'zod';
import { CliError } from '../error.ts';

/** The HTTP API of one node, asked with the shapes that it promises. Errors: CliError with what the node said. */
export type NodeClient = {
  get<Schema extends z.ZodType>(path: string, answer: Schema): Promise<z.output<Schema>>;
  post<Schema extends z.ZodType>(path: string, body: unknown, answer: Schema): Promise<z.output<Schema>>;
  put<Schema extends z.ZodType>(path: string, bytes: Uint8Array<ArrayBuffer>, answer: Schema): Promise<z.output<Schema>>;
  delete<Schema extends z.ZodType>(path: string, answer: Schema): Promise<z.output<Schema>>;
  bytes(path: string): Promise<Uint8Array>;
};

export function openNodeClient({ node, token, signal }: { node: string; token?: string; signal: AbortSignal }): NodeClient {
  async function ask(method: string, path: string, { body, type }: { body?: string | Uint8Array<ArrayBuffer>; type?: string } = {}): Promise<Response> {
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
  async function parse<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.output<Schema>> {
    const result = schema.safeParse(await response.json().catch(() => undefined));
    if (!result.success) {
      throw new CliError(`${node} answered something that is no answer of a Freehold node.`, { advice: 'Check the address: --node URL', cause: result.error });
    }
    return result.data;
  }
  return {
    get: async (path, schema) => parse(await ask('GET', path), schema),
    post: async (path, body, schema) => parse(await ask('POST', path, { body: JSON.stringify(body), type: 'application/json' }), schema),
    put: async (path, bytes, schema) => parse(await ask('PUT', path, { body: bytes, type: 'application/octet-stream' }), schema),
    delete: async (path, schema) => parse(await ask('DELETE', path), schema),
    bytes: async (path) => new Uint8Array(await (await ask('GET', path)).arrayBuffer()),
  };
}

async function refusal(response: Response, node: string): Promise<CliError> {
  const body = errorBody.safeParse(await response.json().catch(() => undefined));
  if (!body.success) return new CliError(`${node} answered ${response.status} ${response.statusText}.`, { advice: 'See whether it is well: freehold doctor' });
  const { message, code, requestId } = body.data.error;
  return new CliError(message, { advice: `(${code}, request ${requestId})` });
}
