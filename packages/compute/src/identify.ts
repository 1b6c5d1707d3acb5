import { taskIdOf, type TaskPreimage } from '@freehold/protocol';
import type { OwnPath } from './cgi/answer-reader.ts';
import { cgiEnvironment, redirectedRequest, type FunctionRequest } from './cgi/environment.ts';
import type { ProgramKind, Run } from './engine.ts';
import { exportCall, isLibrary } from './export-call.ts';
import { bufferedInput, noInput, type Input } from './input.ts';
import type { CallableOffer } from './offers.ts';
import type { ProgramRow } from './store.ts';
import type { OnProgress } from './tool/progress.ts';
import { toolEnvironment } from './tool/environment.ts';

/** A call that is understood but not yet run: what would be executed, and under which identity. */
export type Plan = {
  call: CallableOffer;
  run: Omit<Run, 'seed'>;
  input: Input;
  /** What a CGI program is given when it sends the call on to another of its own paths. */
  redirected: ((to: OwnPath) => { env: Record<string, string>; input: Buffer }) | undefined;
  /** Hears how far a tool says it is, when the caller wants to know. */
  onProgress?: OnProgress | undefined;
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
  const invocation = isLibrary(program.kind)
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
    ...(offer.network && { network: offer.network }),
    ...(offer.fork && { fork: true as const }),
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
      ...(offer.fork && { fork: true }),
    },
    input: invocation.input,
    redirected: 'redirected' in invocation ? invocation.redirected : undefined,
    onProgress: request.onProgress,
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
