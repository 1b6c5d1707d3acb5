import { ownOutcome, type OwnRunRequest } from '@freehold/protocol';
import type { Request } from './request.ts';

/** What a program that one runs for oneself came to. */
export type Ran = { exitCode: number | null; stdout: string; problem: string | null; wallUs: number };

export type RunApi = ReturnType<typeof createRunApi>;

export function createRunApi(request: Request) {
  return async (body: OwnRunRequest): Promise<Ran> => {
    const { reason, exitCode, message, stdout, stderr, usage } = await request(ownOutcome, '/api/run', { method: 'POST', body });
    const isWell = reason === 'exit' && exitCode === 0;
    const problem = isWell ? null : toText(stderr).trim() || (message ?? `The program ended with code ${exitCode}.`);
    return { exitCode, stdout: toText(stdout), problem, wallUs: usage.wallUs };
  };
}

const toText = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0));
