/**
 * The base of every error that Freehold throws on purpose. An area declares one subclass with a closed union of codes.
 * `message` is safe to show to whoever asked: it says what was wrong and what to do next, and holds no secret.
 */
export class FreeholdError<Code extends string = string> extends Error {
  /** Stable machine-readable name, such as `name_taken`. */
  readonly code: Code;
  /** HTTP status with which the node answers when the error reaches a route. */
  readonly status: number;
  /** Extra public facts for machines, such as the limit that was passed. */
  readonly details: Record<string, unknown> | undefined;

  constructor(code: Code, status: number, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = status;
    this.details = options.details;
  }
}
