import { FreeholdError } from '@freehold/protocol';

/** A refusal of the node, or no answer at all (`unreachable`, `bad_answer`). The message can be shown as it is. */
export class ApiError extends FreeholdError {}

export const isCode = (error: unknown, code: string): boolean => error instanceof ApiError && error.code === code;

/** What to show for anything that was thrown: only our own errors have words meant for people. */
export function messageOf(error: unknown): string {
  if (error instanceof FreeholdError) return error.message;
  return 'Something went wrong in this page. Reload it and try again.';
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';
