import { FreeholdError } from '@freehold/protocol';

export class IdentityError extends FreeholdError<
  | 'account_unknown'
  | 'bad_expiry'
  | 'bad_signature'
  | 'challenge_unknown'
  | 'claim_code_required'
  | 'claim_code_wrong'
  | 'keeper_failed'
  | 'not_allowed'
  | 'origin_unknown'
  | 'owner_differs'
  | 'owner_protected'
  | 'session_unknown'
  | 'signed_out'
  | 'too_many_attempts'
> {}
