import { bearerOf, type Dialect } from './dialect.ts';

const methods = 'GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE';
const allowed = [
  'Origin',
  'X-Requested-With',
  'Content-Type',
  'Accept',
  'Authorization',
  'Cache-Control',
  'Pragma',
  'Range',
  'If-None-Match',
  'If-Range',
  'X-Api-Key',
  'X-Puter-Elevation',
].join(', ');

/** House codes that Puter's clients know by another name, and the status they expect with it. */
const wire: Record<string, { code: string; status?: number }> = {
  signed_out: { code: 'token_missing' },
  entry_not_found: { code: 'subject_does_not_exist' },
  name_taken: { code: 'item_with_same_name_exists' },
  name_invalid: { code: 'bad_request' },
  invalid_request: { code: 'bad_request' },
  attributes_invalid: { code: 'field_invalid' },
  thumbnail_invalid: { code: 'field_invalid' },
  cursor_invalid: { code: 'field_invalid' },
  entry_in_trash: { code: 'bad_request', status: 400 },
  entry_not_in_trash: { code: 'bad_request', status: 400 },
  too_deep: { code: 'bad_request', status: 400 },
  version_not_found: { code: 'not_found' },
  upload_not_found: { code: 'not_found' },
  upload_elsewhere: { code: 'conflict' },
  too_many_uploads: { code: 'too_many_requests' },
  signature_invalid: { code: 'forbidden' },
  signature_expired: { code: 'forbidden' },
  not_a_file: { code: 'cannot_read_a_directory', status: 400 },
  not_a_folder: { code: 'dest_is_not_a_directory', status: 400 },
  root_fixed: { code: 'forbidden' },
  move_into_itself: { code: 'cannot_move_directory_into_itself', status: 400 },
  quota_exceeded: { code: 'storage_limit_reached', status: 413 },
  disk_full: { code: 'storage_limit_reached', status: 413 },
  body_too_large: { code: 'too_large' },
  keyvalue_full: { code: 'storage_limit_reached', status: 413 },
  key_invalid: { code: 'field_invalid' },
  key_private: { code: 'forbidden' },
  value_invalid: { code: 'field_invalid' },
  app_unknown: { code: 'not_found' },
  token_unknown: { code: 'not_found' },
  session_unknown: { code: 'not_found' },
  origin_invalid: { code: 'field_invalid' },
  permission_unknown: { code: 'field_invalid' },
  permission_missing: { code: 'forbidden' },
  bad_expiry: { code: 'field_invalid', status: 400 },
};

/**
 * What Puter's SDK speaks: bare JSON, often sent as `text/plain;actually=json` to avoid a preflight; the token in the body or
 * the header; pages of any origin, with credentials. So a cookie never counts here, and a token is never read from the URL.
 */
export const puter: Dialect = {
  credential(request, body) {
    const inBody = typeof body === 'object' && body !== null && 'auth_token' in body ? body.auth_token : undefined;
    if (typeof inBody === 'string' && inBody !== '') return { kind: 'token', token: inBody, via: 'body' };
    const bearer = bearerOf(request);
    if (bearer) return bearer;
    const key = request.headers['x-api-key'];
    return typeof key === 'string' && key !== '' ? { kind: 'token', token: key, via: 'bearer' } : undefined;
  },
  json: { types: ['application/json', 'text/plain'], limit: 4 * 1024 * 1024 },
  crossOrigin: true,
  headers: ({ headers }) => ({
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': headers.origin ?? '*',
    ...(headers.origin !== undefined && { 'access-control-allow-credentials': 'true', vary: 'Origin' }),
    'access-control-allow-methods': methods,
    'access-control-allow-headers': allowed,
    'access-control-allow-private-network': 'true',
    'access-control-expose-headers': 'ETag, Content-Range, Content-Length, X-Needs-Upgrade',
    'access-control-max-age': '600',
  }),
  failure({ code, message, status, details }, { raw, body }) {
    // Who presents a token that has ended is asked to sign in anew, by the SDK itself where it can.
    if (code === 'signed_out' && puter.credential(raw, body)) {
      const ended = 'This token has ended. Sign in again.';
      return { status, body: { error: ended, message: ended, code: 'reauth_required', reason: 'token_ended' } };
    }
    const named = wire[code] ?? { code };
    const told = code === 'name_taken' ? { entry_name: details?.['name'] } : details;
    // A field of the wrong type has a code of its own.
    const wireCode = code === 'invalid_request' && typeof details?.['field'] === 'string' ? 'field_invalid' : named.code;
    return { status: named.status ?? status, body: { ...told, error: message, message, code: wireCode } };
  },
};
