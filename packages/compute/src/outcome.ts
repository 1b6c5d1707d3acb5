import type { Hex } from '@freehold/protocol';
import type { FunctionResponse } from './cgi/response.ts';
import type { ComputeError } from './error.ts';

/** What came of a task. A failed one has no response. */
export type Outcome = {
  task: string;
  /** True when the result was there already, or came from an equal call under way: nothing ran for this one. */
  cached: boolean;
  /** sha256 of what the program wrote to standard output and to standard error. */
  output: Hex;
  errors: Hex;
  exitCode: number | null;
  /** It is paid for: a good answer, or a failure whose offer charges for it. */
  isWorthMoney: boolean;
  usage: { wallUs: number; cpuUs: number; maxRssBytes: number; fuel?: number };
} & ({ response: FunctionResponse; failure?: never } | { response?: never; failure: ComputeError });
