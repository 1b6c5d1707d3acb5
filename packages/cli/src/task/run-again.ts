import { createHash } from 'node:crypto';
import { ComputeError, seedOfTask, tryOut } from '@freehold/compute';
import { cidOf, rawCodec, readTaskBlock } from '@freehold/protocol';
import { CliError } from '../error.ts';
import type { Evidence } from './verify.ts';

/**
 * Runs a task of a deterministic function again, in the sandbox of this machine. Errors: CliError when its block names more than is
 * at hand, when the files are not those that it names, and when the run here does not end by itself.
 */
export async function runAgain(
  block: Uint8Array | undefined,
  { program, input }: { program: Buffer; input: Buffer },
): Promise<NonNullable<Evidence['again']>> {
  if (!block)
    throw new CliError('Without its block nobody can tell what was run.', {
      advice: 'Name the task by its id or URL, or add --block FILE.',
    });
  const recipe = readTaskBlock(block);
  if (!recipe.isDeterministic || recipe.hasMore)
    throw new CliError('This task cannot be run again: it saw the time, chance, files, secrets or a network of its own.', {
      advice: 'Only tasks of deterministic functions come out the same everywhere. Leave --program out.',
    });
  mustBe('program', cidOf(rawCodec, sha256(program)) === recipe.program, `Its CID must be ${recipe.program}.`);
  mustBe('input', sha256(input).equals(recipe.stdin), `Its sha256 must be ${Buffer.from(recipe.stdin).toString('hex')}.`);
  const { args, env, entry, limits, id } = recipe;
  const { result } = await tryOut({
    program,
    args,
    env,
    entry: entry ?? undefined,
    limits: { ...limits, inputBytes: input.length },
    seed: seedOfTask(id),
    stdin: input,
    options: {},
  }).catch((error: unknown) => {
    throw error instanceof ComputeError
      ? new CliError(error.message, { advice: 'See what this machine can confine: freehold doctor' })
      : error;
  });
  return { stdout: result.stdout, fuel: result.fuel };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

function mustBe(what: 'program' | 'input', isIt: boolean, advice: string): void {
  if (!isIt)
    throw new CliError(`The ${what} is not the one that the task was run with.`, { advice: `${advice} Name the file by --${what}.` });
}
