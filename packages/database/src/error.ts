import { FreeholdError } from '@freehold/protocol';

export class DatabaseError extends FreeholdError<
  'database_newer' | 'database_changed' | 'database_locked' | 'database_full' | 'database_failed' | 'commit_unknown' | 'text_invalid'
> {}
