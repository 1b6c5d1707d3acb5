/**
 * Thrown by a tool to refuse a call: its code and message reach the caller, who is not charged. Known codes have an HTTP status
 * of their own (`invalid_input` 400, `not_found` 404, `conflict` 409, `too_large` 413, `rate_limited` 429, `internal` 500,
 * `unavailable` 503, `timeout` 504); any other code is answered with 422.
 *
 * @example throw new ToolError('not_found', 'There is no city of that name: give one of GET /cities.');
 */
export class ToolError extends Error {
  override name = 'ToolError';
  readonly code: string;
  /** Anything more that a program can use. */
  readonly data: unknown;

  constructor(code: string, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export type ErrorAnswer = { error: { code: string; message: string; data?: unknown } };

/** What a caller is told of anything that was thrown. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  if (thrown instanceof ToolError)
    return { error: { code: thrown.code, message: thrown.message, ...(thrown.data !== undefined && { data: thrown.data }) } };
  return { error: { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) } };
}

/** The HTTP status of an error code; the node has the same table. */
export function statusOf(code: string): number {
  return statuses[code] ?? 422;
}

const statuses: Readonly<Record<string, number>> = {
  invalid_input: 400,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
};
