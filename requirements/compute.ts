import type { Requirement } from './requirement.ts';

/** What issue 4 (Compute) asks for. */
export default [] satisfies Requirement[];
