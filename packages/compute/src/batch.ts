import { ComputeError } from './error.ts';
import { exportWith, isLibrary } from './export-call.ts';
import { bufferedInput, noInput } from './input.ts';
import type { Invocation } from './invocation.ts';
import type { CallableOffer } from './offers.ts';

/** What the caller of a batch function adds to what its offer says. */
export type BatchRequest = {
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  input: Buffer;
  /** Nobody else may have the result. */
  isPrivate: boolean;
};

/** What a batch function is run with: only what its offer leaves open may be added. Errors: `request_invalid`, `input_too_large`. */
export function batchInvocation(call: CallableOffer, { args, env, input }: BatchRequest): Invocation {
  const { offer, program } = call;
  const refuse = (message: string) => new ComputeError('request_invalid', 400, message);
  if (offer.interface !== 'batch')
    throw refuse(`"${offer.name}" is called over HTTP, not run as a batch: send the request to /${offer.name}.cgi.`);
  if (args.length > 0 && offer.open?.args !== true) throw refuse('This function takes no arguments from its callers. Leave "args" empty.');
  const open = offer.open?.env ?? [];
  const foreign = Object.keys(env).find((name) => !open.includes(name));
  if (foreign !== undefined)
    throw refuse(
      open.length === 0
        ? 'This function takes no variables from its callers. Leave "env" empty.'
        : `This function does not take the variable ${foreign.slice(0, 64)}. It takes: ${open.join(', ')}.`,
    );
  if (input.length > 0 && offer.open?.input !== true) throw refuse('This function takes no input from its callers. Leave "stdin" empty.');
  if (input.length > offer.limits.inputBytes)
    throw new ComputeError('input_too_large', 413, `This function takes at most ${offer.limits.inputBytes} bytes of input.`, {
      details: { limit: offer.limits.inputBytes },
    });
  const prefix = Buffer.from(offer.input ?? '', 'base64');
  const all = [...(offer.args ?? []), ...args];
  for (const text of [...args, ...Object.values(env)]) {
    if (text.includes('\0') || !text.isWellFormed()) throw refuse('Arguments and variables must be Unicode text without NUL characters.');
  }
  // A core module has no arguments of its own: the first names the export.
  if (isLibrary(program.kind)) return { ...exportWith(call, all[0] ?? '', all.slice(1)), env: {}, input: noInput };
  return { entry: null, args: all, env: { ...offer.env, ...env }, input: bufferedInput(Buffer.concat([prefix, input])) };
}
