import { errorBody } from '@freehold/protocol';
import { ApiError } from './error.ts';

/** Something that checks an answer, such as a zod schema. */
export type Shape<T> = { parse(value: unknown): T };

export type RequestOptions = { method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; body?: unknown; signal?: AbortSignal | undefined };

export type Request = {
  /** Asks for JSON and checks it. Errors: ApiError. */
  <T>(shape: Shape<T>, path: string, options?: RequestOptions): Promise<T>;
};

/** For answers without a body (204). */
export const nothing: Shape<void> = { parse: () => undefined };

export const unreachable = (cause?: unknown): ApiError =>
  new ApiError('unreachable', 503, 'The node does not answer. Check that it is running and that you are connected, then try again.', {
    cause,
  });

/** The one way in which the desktop asks the node. `onSignedOut` hears of every answer that says the session is over. */
export function createRequest({ fetch, onSignedOut }: { fetch: typeof globalThis.fetch; onSignedOut: () => void }): Request {
  return async (shape, path, { method = 'GET', body, signal } = {}) => {
    const response = await send(fetch, path, {
      method,
      credentials: 'same-origin',
      headers: { 'x-requested-by': 'freehold', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    const text = await response.text();
    if (!response.ok) {
      const error = errorOf(response.status, text);
      if (error.code === 'signed_out') onSignedOut();
      throw error;
    }
    return readAnswer(shape, text);
  };
}

async function send(fetch: typeof globalThis.fetch, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw unreachable(error);
  }
}

/** The text of a good answer as the promised shape. Errors: ApiError `bad_answer`. */
export function readAnswer<T>(shape: Shape<T>, text: string): T {
  try {
    return shape.parse(text === '' ? undefined : JSON.parse(text));
  } catch (cause) {
    throw new ApiError(
      'bad_answer',
      502,
      'The node answered in a way this page does not understand. Reload the page: the node may have been updated.',
      { cause },
    );
  }
}

/** The error that an answer with a failure status carries. */
export function errorOf(status: number, text: string): ApiError {
  try {
    const { error } = errorBody.parse(JSON.parse(text));
    return new ApiError(error.code, status, error.message, error.details ? { details: error.details } : {});
  } catch {
    return new ApiError(
      'bad_answer',
      status,
      `The node answered with status ${status} and no reason. Try again, and look at its log if it stays so.`,
    );
  }
}
