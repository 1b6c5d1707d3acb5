import { FreeholdError } from '@freehold/protocol';

/** Every way in which an offer, a program or a task can be refused. */
export type ComputeErrorCode =
  | 'program_foreign'
  | 'program_in_use'
  | 'program_refused'
  | 'program_too_large'
  | 'program_unknown'
  | 'quota_exceeded'
  | 'upload_not_found'
  | 'upload_incomplete'
  | 'too_many_uploads'
  | 'secret_unknown'
  | 'secret_invalid'
  | 'offer_invalid'
  | 'offer_expired'
  | 'offer_foreign'
  | 'offer_name_taken'
  | 'offer_not_found'
  | 'offer_withdrawn'
  | 'sandbox_unavailable'
  | 'input_too_large'
  | 'request_invalid'
  | 'mounts_invalid'
  | 'queue_full'
  | 'worker_invalid'
  | 'name_taken'
  | 'task_not_found'
  | 'function_failed'
  | 'cancelled'
  | 'runner_lost';

export class ComputeError extends FreeholdError<ComputeErrorCode> {}
