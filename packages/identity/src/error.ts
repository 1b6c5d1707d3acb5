import { FreeholdError } from '@freehold/protocol';

export class IdentityError extends FreeholdError<
  | 'account_unknown'
  | 'app_unknown'
  | 'bad_expiry'
  | 'bad_signature'
  | 'challenge_unknown'
  | 'claim_code_required'
  | 'claim_code_wrong'
  | 'keeper_failed'
  | 'limit_reached'
  | 'not_allowed'
  | 'origin_invalid'
  | 'origin_unknown'
  | 'owner_differs'
  | 'owner_protected'
  | 'permission_missing'
  | 'permission_unknown'
  | 'session_unknown'
  | 'signed_out'
  | 'token_unknown'
  | 'too_many_attempts'
> {}
