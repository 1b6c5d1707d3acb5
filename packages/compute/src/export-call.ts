import type { FunctionRequest } from './cgi/environment.ts';
import type { ProgramKind } from './engine.ts';
import { ComputeError } from './error.ts';
import type { Plan } from './identify.ts';
import type { CallableOffer } from './offers.ts';

/** What is called by the name of an export. */
export const isLibrary = (kind: ProgramKind): boolean => kind === 'core' || kind === 'reactor';

/** The media type of what the called export returns. */
export function answerType({ call, run }: Pick<Plan, 'call' | 'run'>): string {
  const target = call.program.exports.find(({ name }) => name === run.entry);
  return target?.results[0] === 'bytes' ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}

/** What an argument looks like in an example, by its type. */
const examples: Record<string, string> = { string: 'text', bytes: 'AAEC' };

/** `?a=6&b=7`: one value for each parameter, in their order. */
export function exampleQuery(parameters: string[]): string {
  const values = parameters.map((type, index) => `${String.fromCodePoint(97 + (index % 26))}=${examples[type] ?? String(6 + index)}`);
  return values.length > 0 ? `?${values.join('&')}` : '';
}

/** `/add?a=6&b=7` calls the export `add` with the values of the query, in their order. Errors: `request_invalid`. */
export function exportCall(call: CallableOffer, request: FunctionRequest): { entry: string; args: string[] } {
  const [, entry = ''] = /^\/([A-Za-z0-9_$.-]+)\/?$/.exec(request.path) ?? [];
  return exportWith(call, entry, [...new URLSearchParams(request.query).values()]);
}

/** An export with its arguments as text, checked against its parameters. Errors: `request_invalid`. */
export function exportWith({ program }: CallableOffer, entry: string, args: string[]): { entry: string; args: string[] } {
  const names = program.exports.map(({ name }) => name);
  const target = program.exports.find(({ name }) => name === entry);
  if (!target)
    throw new ComputeError(
      'request_invalid',
      404,
      `Name one of its exports in the path: ${names.map((name) => `/${name}`).join(', ') || 'it exports no function'}.`,
    );
  if (args.length !== target.parameters.length)
    throw new ComputeError(
      'request_invalid',
      400,
      `${entry} takes ${target.parameters.length} arguments (${target.parameters.join(', ')}) and got ${args.length}. Call it as /${entry}${exampleQuery(target.parameters)}.`,
    );
  for (const [index, value] of args.entries()) {
    const type = target.parameters[index] ?? '';
    if (!isValueOf(type, value))
      throw new ComputeError(
        'request_invalid',
        400,
        `Argument ${index + 1} of ${entry} must be ${meaningOf(type)}, not ${JSON.stringify(value.slice(0, 40))}.`,
      );
  }
  return { entry, args };
}

function meaningOf(type: string): string {
  if (type === 'bytes') return 'base64';
  return type.startsWith('i') ? `a whole number that fits ${type}` : 'a number';
}

function isValueOf(type: string, value: string): boolean {
  if (type === 'string') return true;
  if (type === 'bytes') return /^[A-Za-z0-9+/_-]*={0,2}$/.test(value);
  if (type === 'f32' || type === 'f64') return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(value);
  if (!/^-?\d{1,20}$/.test(value)) return false;
  const bits = type === 'i64' ? 64n : 32n;
  return BigInt(value) >= -(1n << (bits - 1n)) && BigInt(value) < 1n << bits;
}
