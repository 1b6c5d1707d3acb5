import { FreeholdError } from '@freehold/protocol';

/** What Puter's clients are told where the drive itself has no such refusal, or another name for it. */
const statuses = {
  bad_request: 400,
  field_required: 400,
  field_invalid: 400,
  cannot_read_a_directory: 400,
  cannot_write_to_root: 400,
  cannot_overwrite_a_directory: 400,
  cannot_copy_directory_into_itself: 400,
  dest_does_not_exist: 400,
  dest_is_not_a_directory: 400,
  source_and_dest_are_the_same: 400,
  user_does_not_exist: 400,
  not_empty: 400,
  token_auth_failed: 401,
  forbidden: 403,
  not_found: 404,
  shortcut_target_not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
} as const;

export class PuterError extends FreeholdError<keyof typeof statuses> {
  constructor(code: keyof typeof statuses, message: string, details?: Record<string, unknown>) {
    super(code, statuses[code], message, details && { details });
  }
}

export const fieldRequired = (field: string) => new PuterError('field_required', `The field \`${field}\` is needed.`, { field });

/** Runs something whose refusals have other names here: `{ entry_not_found: () => … }`. */
export async function renaming<Result>(
  names: Record<string, (error: FreeholdError) => PuterError>,
  work: Promise<Result>,
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const other = error instanceof FreeholdError ? names[error.code]?.(error) : undefined;
    throw other ?? error;
  }
}
