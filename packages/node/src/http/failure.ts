import type { IncomingMessage } from 'node:http';
import { FreeholdError } from '@freehold/protocol';
import type { FastifyError } from 'fastify';
import { z } from 'zod';
import { RequestError } from '../error.ts';

/** Fastify's own refusals in our words; its messages speak of its internals. */
const fastifyRefusals: Record<string, RequestError> = {
  FST_ERR_CTP_INVALID_JSON_BODY: new RequestError('invalid_request', 400, 'The body is not valid JSON.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: new RequestError('invalid_request', 400, 'The body is empty: send JSON.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new RequestError('invalid_request', 415, 'Send the body as application/json.'),
  FST_ERR_CTP_BODY_TOO_LARGE: new RequestError('body_too_large', 413, 'The body is too large: this route takes at most 1 MiB of JSON.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: new RequestError('invalid_request', 400, 'The body is not as long as its Content-Length says.'),
};

/** Every thrown thing as an error that may be shown. What we did not foresee becomes `internal`, with the detail only in the log. */
export function toFailure(error: unknown): FreeholdError {
  if (error instanceof FreeholdError) return error;
  if (error instanceof z.ZodError) return invalidInput(error);
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  const known = code === undefined ? undefined : fastifyRefusals[code];
  if (known) return known;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new RequestError('invalid_request', statusCode, 'The request is not valid HTTP for this route.');
  return new RequestError(
    'internal',
    500,
    'Something went wrong on this node. Its owner finds the cause in the log under the request id.',
    { cause: error },
  );
}

/** Whether there is a body that was not read: it would be taken for the next request on this connection, which has to end. */
export const isUnread = ({ complete, headers }: IncomingMessage): boolean =>
  !complete && ('transfer-encoding' in headers || (headers['content-length'] ?? '0') !== '0');

/** The seconds after which it may be tried again, for `Retry-After`. */
export function retryAfterOf({ details }: FreeholdError): string | undefined {
  const seconds = details?.['retryAfter'];
  return typeof seconds === 'number' ? String(seconds) : undefined;
}

/** Names the field and what it must be. */
export function invalidInput(error: z.ZodError): RequestError {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys')
    return new RequestError(
      'invalid_request',
      400,
      `Unknown field${issue.keys.length > 1 ? 's' : ''} ${issue.keys.join(', ').slice(0, 200)}. Remove ${issue.keys.length > 1 ? 'them' : 'it'}, or check the spelling.`,
    );
  const field = issue?.path.join('.') || 'the body';
  return new RequestError('invalid_request', 400, `${field}: ${issue?.message ?? 'is not valid'}.`, { details: { field } });
}
