import { FreeholdError } from '@freehold/protocol';

const statuses = {
  dav_invalid: 400,
  dav_forbidden: 403,
  dav_not_found: 404,
  dav_method: 405,
  dav_conflict: 409,
  dav_precondition: 412,
  dav_too_large: 413,
  dav_unsupported: 415,
  dav_locked: 423,
  dav_other_server: 502,
} as const;

/** The elements of RFC 4918 §16 and RFC 4331 §6 with which an answer names the rule that was broken. */
export type BrokenRule =
  | 'lock-token-matches-request-uri'
  | 'lock-token-submitted'
  | 'no-conflicting-lock'
  | 'cannot-modify-protected-property'
  | 'quota-not-exceeded';

/** Refusals of WebDAV itself. */
export class DavError extends FreeholdError<keyof typeof statuses> {
  constructor(code: keyof typeof statuses, message: string, broken: { rule?: BrokenRule; hrefs?: readonly string[] } = {}) {
    super(code, statuses[code], message, { details: broken });
  }
}
