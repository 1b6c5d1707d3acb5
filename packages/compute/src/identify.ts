import { taskIdOf, type TaskPreimage } from '@freehold/protocol';
import type { OwnPath } from './cgi/answer-reader.ts';
import { cgiEnvironment, redirectedRequest, type FunctionRequest } from './cgi/environment.ts';
import type { ProgramKind, Run } from './engine.ts';
import { ComputeError } from './error.ts';
import { bufferedInput, noInput, type Input } from './input.ts';
import type { CallableOffer } from './offers.ts';
import type { ProgramRow } from './store.ts';
import { toolEnvironment } from './tool/environment.ts';

/** A call that is understood but not yet run: what would be executed, and under which identity. */
export type Plan = {
  call: CallableOffer;
  run: Omit<Run, 'seed'>;
  input: Input;
  /** What a CGI program is given when it sends the call on to another of its own paths. */
  redirected: ((to: OwnPath) => { env: Record<string, string>; input: Buffer }) | undefined;
  /** Identity of the request: equal requests to the same program have equal ids. It is what a payment is bound to. */
  requestId: string;
  /**
   * Identity of the task. A deterministic function's is that of the request, so that equal calls share one result; any
   * other function's is made unique by `nonce`, which is that of the payment, so that one payment runs one task.
   */
  taskId(nonce: Uint8Array): string;
};

const none = new Uint8Array(0);

/** Turns a request into a plan. Errors: `request_invalid`. */
export function identify({ call, request, input: given }: { call: CallableOffer; request: FunctionRequest; input: Buffer | Input }): Plan {
  const input = given instanceof Uint8Array ? bufferedInput(given) : given;
  const { offer, program } = call;
  const deterministic = offer.deterministic === true;
  const invocation =
    program.kind === 'core'
      ? { ...exportCall(call, request), env: {}, input: noInput }
      : offer.interface === 'tool'
        ? { entry: null, args: offer.args ?? [], env: toolEnvironment(offer, program.kind), input }
        : {
            entry: null,
            args: offer.args ?? [],
            env: cgiEnvironment({ offer, offerId: call.id, request, inputSize: input.size }),
            input,
            redirected: (to: OwnPath) => ({
              env: cgiEnvironment({ offer, offerId: call.id, request: redirectedRequest(request, to), inputSize: 0 }),
              input: Buffer.alloc(0),
            }),
          };

  const preimage = (nonce: Uint8Array): TaskPreimage => ({
    kind: isNative(program.kind) ? 'native' : program.kind === 'core' ? 'wasm' : 'wasi1',
    program: program.cid,
    runtime: program.runtime,
    entry: invocation.entry,
    args: invocation.args,
    env: invocation.env,
    stdin: invocation.input.sha256,
    limits: offer.limits,
    deterministic,
    nonce,
  });
  const requestId = taskIdOf(preimage(none));
  return {
    call,
    run: {
      ...runOf(program),
      entry: invocation.entry,
      args: invocation.args,
      env: invocation.env,
      limits: offer.limits,
      ...(offer.network && { network: offer.network }),
    },
    input: invocation.input,
    redirected: 'redirected' in invocation ? invocation.redirected : undefined,
    requestId,
    taskId: (nonce) => (deterministic ? requestId : taskIdOf(preimage(nonce))),
  };
}

/** What is run of a program, whatever the call. */
export const runOf = ({ cid, kind, runtime }: ProgramRow): Pick<Run, 'program' | 'kind' | 'interpreter'> => ({
  program: cid,
  kind,
  ...((runtime === 'python' || runtime === 'sh') && { interpreter: runtime }),
});

/** Whether it runs in the native sandbox. */
export const isNative = (kind: ProgramKind): boolean => kind === 'native' || kind === 'dynamic' || kind === 'script';

/** `/add?a=6&b=7` calls the export `add` with the values of the query, in their order. */
function exportCall({ program }: CallableOffer, request: FunctionRequest): { entry: string; args: string[] } {
  const names = program.exports.map(({ name }) => name);
  const [, entry = ''] = /^\/([A-Za-z0-9_$.-]+)\/?$/.exec(request.path) ?? [];
  const target = program.exports.find(({ name }) => name === entry);
  if (!target)
    throw new ComputeError(
      'request_invalid',
      404,
      `Name one of its exports in the path: ${names.map((name) => `/${name}`).join(', ') || 'it exports no function'}.`,
    );
  const args = [...new URLSearchParams(request.query).values()];
  if (args.length !== target.parameters.length) {
    const example = target.parameters
      .map((type, index) => `${String.fromCodePoint(97 + (index % 26))}=${type.startsWith('f') ? '1.5' : '1'}`)
      .join('&');
    throw new ComputeError(
      'request_invalid',
      400,
      `${entry} takes ${target.parameters.length} numbers (${target.parameters.join(', ')}) and got ${args.length}. Call it as /${entry}?${example}.`,
    );
  }
  for (const [index, value] of args.entries()) {
    const type = target.parameters[index] ?? '';
    if (!isNumberOf(type, value))
      throw new ComputeError(
        'request_invalid',
        400,
        `Argument ${index + 1} of ${entry} must be ${type.startsWith('i') ? `a whole number that fits ${type}` : 'a number'}, not ${JSON.stringify(value.slice(0, 40))}.`,
      );
  }
  return { entry, args };
}

function isNumberOf(type: string, value: string): boolean {
  if (type === 'f32' || type === 'f64') return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(value);
  if (!/^-?\d{1,20}$/.test(value)) return false;
  const bits = type === 'i64' ? 64n : 32n;
  return BigInt(value) >= -(1n << (bits - 1n)) && BigInt(value) < 1n << bits;
}
