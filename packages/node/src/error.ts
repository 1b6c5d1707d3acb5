import { FreeholdError } from '@freehold/protocol';

export class ConfigError extends FreeholdError<
  'bitswap_unavailable' | 'config_invalid' | 'data_in_use' | 'data_unusable' | 'port_in_use'
> {}

/** Refusals that belong to HTTP itself and to no area. */
export type RequestErrorCode =
  | 'invalid_request'
  | 'signed_out'
  | 'forbidden'
  | 'cross_site'
  | 'host_unknown'
  | 'account_unknown'
  | 'not_found'
  | 'method_not_allowed'
  | 'body_too_large'
  | 'too_many_requests'
  | 'payment_pending'
  | 'payment_failed'
  | 'thumbnail_pending'
  | 'no_chain'
  | 'internal';

export class RequestError extends FreeholdError<RequestErrorCode> {}
