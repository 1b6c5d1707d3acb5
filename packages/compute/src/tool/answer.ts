import { z } from 'zod';
import type { FunctionResponse } from '../cgi/response.ts';
import type { RunResult } from '../engine.ts';

const refusal = z.object({
  error: z.object({ code: z.string().min(1).max(64), message: z.string().max(4000), data: z.json().optional() }),
});
export type ToolRefusal = z.output<typeof refusal>;

/** The HTTP status of the codes that have one of their own; any other is 422. `@freehold/sdk` has the same table. */
const statuses = new Map(
  Object.entries({
    invalid_input: 400,
    not_found: 404,
    conflict: 409,
    too_large: 413,
    rate_limited: 429,
    internal: 500,
    unavailable: 503,
    timeout: 504,
  }),
);

const json: [string, string][] = [['content-type', 'application/json']];

/** The tool's output as it stands, so that its hash is that of the receipt. */
export const outputResponse = (stdout: Buffer): FunctionResponse => ({ status: 200, headers: json, body: stdout });

/** A tool that ends with a code other than 0 and an `error` on standard output has refused the call; undefined when it has just failed. */
export function refusalResponse({ reason, exitCode, stdout }: RunResult): FunctionResponse | undefined {
  if (reason !== 'exit' || exitCode === 0) return undefined;
  const refused = readRefusal(stdout);
  return refused && { status: statuses.get(refused.error.code) ?? 422, headers: json, body: Buffer.from(JSON.stringify(refused)) };
}

function readRefusal(stdout: Buffer): ToolRefusal | undefined {
  try {
    return refusal.safeParse(JSON.parse(stdout.toString())).data;
  } catch {
    return undefined;
  }
}
