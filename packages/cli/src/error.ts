/**
 * What every command throws for the person who typed it: what happened and why, then what to do with the exact command.
 * Not a FreeholdError: its base is a module that loads the schemas, which a plain `freehold curl` never needs, and a
 * command answers with an exit code where a route answers with a status.
 */
export class CliError extends Error {
  readonly exitCode: number;
  /** The next step, on a line of its own. */
  readonly advice: string | undefined;

  constructor(message: string, { exitCode = 1, advice, cause }: { exitCode?: number; advice?: string; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.advice = advice;
  }
}

/** A command line that cannot be understood: exit code 2, as Unix tools have it. */
export const usageError = (message: string, advice?: string): CliError => new CliError(message, { exitCode: 2, ...(advice && { advice }) });
