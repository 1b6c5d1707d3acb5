import type { Account } from '@freehold/protocol';
import type { Session } from './sessions.ts';

/** What acts for an account with less than all of its rights. `id` names its token in lists and for revocation. */
export type Delegate =
  | { kind: 'app'; id: string; app: string; permissions: readonly string[] }
  /** An access token; `app` when an app made it. */
  | { kind: 'token'; id: string; app: string | undefined; permissions: readonly string[] }
  | { kind: 'password'; id: string; access: 'read' | 'write' };

/** Whom a token stands for: an account in person (with its session), or a delegate of it. */
export type Principal =
  | { account: Account; session: Session; delegate?: undefined }
  | { account: Account; session?: undefined; delegate: Delegate };
