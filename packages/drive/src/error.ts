import { FreeholdError } from '@freehold/protocol';

const statuses = {
  name_invalid: 400,
  upload_incomplete: 400,
  cursor_invalid: 400,
  attributes_invalid: 400,
  thumbnail_invalid: 400,
  publish_refused: 400,
  car_invalid: 400,
  record_invalid: 400,
  share_invalid: 400,
  link_invalid: 400,
  password_required: 401,
  password_wrong: 403,
  key_invalid: 400,
  key_too_large: 400,
  value_invalid: 400,
  root_fixed: 403,
  access_denied: 403,
  signature_invalid: 403,
  signature_expired: 403,
  key_private: 403,
  entry_not_found: 404,
  version_not_found: 404,
  publication_not_found: 404,
  record_not_found: 404,
  content_not_found: 404,
  link_not_found: 404,
  upload_not_found: 404,
  name_taken: 409,
  not_a_folder: 409,
  not_a_file: 409,
  entry_in_trash: 409,
  entry_not_in_trash: 409,
  move_into_itself: 409,
  too_deep: 409,
  changed_meanwhile: 409,
  too_many_entries: 413,
  record_outdated: 409,
  lock_conflict: 423,
  upload_elsewhere: 409,
  too_many_uploads: 429,
  value_too_large: 413,
  range_not_satisfiable: 416,
  content_broken: 422,
  too_many_attempts: 429,
  storage_failed: 500,
  content_elsewhere: 500,
  content_damaged: 500,
  drive_stopping: 503,
  too_busy: 503,
  too_many_locks: 507,
  too_many_properties: 507,
  quota_exceeded: 507,
  keyvalue_full: 507,
  disk_full: 507,
} as const;

export type DriveErrorCode = keyof typeof statuses;

export class DriveError extends FreeholdError<DriveErrorCode> {
  constructor(code: DriveErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(code, statuses[code], message, options);
  }
}

/** One answer for what does not exist and for what belongs to somebody else, so that ids cannot be probed. */
export const notFound = () =>
  new DriveError('entry_not_found', 'There is no such file or folder in this drive. It may have been deleted; refresh and try again.');

export const diskFull = (cause?: unknown) =>
  new DriveError(
    'disk_full',
    'The disk of this node is full. Delete something and empty the trash, or add space; nothing was half-written.',
    {
      cause,
    },
  );

/** Content that was about to be named has been collected meanwhile. Whoever published it puts it in place again; never shown to anybody. */
export class ContentGone extends Error {
  override readonly name = 'ContentGone';
}

/** Names a failure of the disk under the blobs. After a failed flush the file counts as lost: nothing is retried on it. */
export function storageError(cause: unknown): unknown {
  if (cause instanceof ContentGone)
    return new DriveError('storage_failed', 'The content was removed again and again while it was in use. Nothing was stored; try again.', {
      cause,
    });
  if (!(cause instanceof Error) || !('syscall' in cause)) return cause;
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(cause);
  return new DriveError(
    'storage_failed',
    'The disk of this node failed to read or write. Nothing was half-written; look at the log of the node and check the disk.',
    { cause },
  );
}
