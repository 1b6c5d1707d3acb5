import type { Drive, Right } from '@freehold/drive';
import { callerOf, type Caller } from '../http/route.ts';

export type WithCaller = { caller: Caller | undefined };

/** Entries by id, in the caller's own drive and in what others shared with it, for routes whose policy is a session. */
export const reachOf = (drive: Drive) => ({
  of: (call: WithCaller) => drive.as({ account: callerOf(call).account.address }),
  find: (call: WithCaller, id: string, needed: Right) => drive.as({ account: callerOf(call).account.address }).find({ id }, needed),
});
