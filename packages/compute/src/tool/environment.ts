import type { Offer } from '@freehold/protocol';
import type { ProgramKind } from '../engine.ts';

/**
 * The variables of a tool that are the same for equal calls, and so part of the task's identity. `TOOL_CALL_ID`, which is the
 * task's id itself, is added when it runs: it says no more than the call does.
 */
export function toolEnvironment({ env, limits }: Offer, kind: ProgramKind): Record<string, string> {
  return {
    ...env,
    TOOL_DEADLINE_MS: String(limits.wallMs),
    ...((kind === 'wasi' || kind === 'component') && { TOOL_SCRATCH: '/' }),
  };
}
