import { createHmac, hash } from 'node:crypto';
import { canonicalJson, encodeTask, taskIdOfSha256, type Address, type Limits, type TaskPreimage } from '@freehold/protocol';
import { batchInvocation, type BatchRequest } from './batch.ts';
import type { OwnPath } from './cgi/answer-reader.ts';
import { cgiEnvironment, isBodyAnnounced, redirectedRequest, remoteAddressName, type FunctionRequest } from './cgi/environment.ts';
import type { ProgramKind, Run } from './engine.ts';
import { ComputeError } from './error.ts';
import { exportCall, isLibrary } from './export-call.ts';
import { bufferedInput, noInput, type Input } from './input.ts';
import type { Invocation } from './invocation.ts';
import { openLru } from './lru.ts';
import type { CallableOffer } from './offers.ts';
import type { ProgramRow } from './store.ts';
import { toolEnvironment } from './tool/environment.ts';
import type { OnProgress } from './tool/progress.ts';

/** One execution by name: the id of a task and the DAG-CBOR block of which it is the CID. */
export type TaskName = { id: string; block: Uint8Array };

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
  requestId(): string;
  /** Only its payer may have the result; nobody else's equal call is answered with it. */
  isPrivate: boolean;
  /**
   * Names the task. A deterministic function's has no nonce, so that equal calls share one result: anybody's, or with a private
   * call those of its payer. Any other task is made unique by `nonce`, which is that of the payment, so that one payment
   * runs one task.
   */
  task(by: { nonce: Uint8Array; payer?: Address | undefined }): TaskName;
};

export type Identify = ReturnType<typeof openIdentify>;

const none = new Uint8Array(0);
/** How many plans of deterministic calls without a body are remembered. */
const mostPlans = 4_096;

const kinds: Record<ProgramKind, TaskPreimage['kind']> = {
  native: 'native',
  dynamic: 'native',
  script: 'script',
  javascript: 'javascript',
  core: 'wasm',
  wasi: 'wasi1',
  reactor: 'reactor1',
  component: 'wasi2',
};

/** Turns requests into plans. `key`: what private parts of an offer are told apart with. */
export function openIdentify({ key }: { key: Uint8Array }) {
  const plans = openLru<Plan>({ most: mostPlans });

  /** The run and its name are made of the same parts, so that nothing reaches a program that its name does not tell. */
  function planOf({
    call,
    invocation,
    limits,
    isPrivate,
    inputs,
    onProgress,
  }: {
    call: CallableOffer;
    invocation: Invocation;
    limits: Limits;
    isPrivate: boolean;
    /** CID of the snapshot of files that it may read. */
    inputs: string | null;
    onProgress?: OnProgress | undefined;
  }): Plan {
    const { offer, program } = call;
    const deterministic = offer.deterministic === true;
    const net = [...new Set(offer.network)].sort();
    const { entry, args, env, input, redirected } = invocation;
    const { memoryBytes, cpuMs, wallMs, outputBytes, fuel = null } = limits;
    const preimage: TaskPreimage = {
      kind: kinds[program.kind],
      program: program.cid,
      runtime: program.runtime,
      entry,
      args,
      env,
      stdin: input.sha256,
      inputs,
      limits: { memoryBytes, cpuMs, wallMs, outputBytes, fuel },
      policy: {
        clock: deterministic ? 'fixed' : 'real',
        random: deterministic ? 'seeded' : 'real',
        net,
        fork: offer.fork === true,
      },
      secret: offer.secret
        ? createHmac('sha256', key)
            .update(canonicalJson({ owner: offer.owner, ...offer.secret }))
            .digest()
        : null,
      scope: null,
      nonce: none,
    };
    const nameOf = (task: TaskPreimage): TaskName => {
      const block = encodeTask(task);
      return { id: taskIdOfSha256(hash('sha256', block, 'buffer')), block };
    };
    // Most calls are named by their nonce alone.
    let named: TaskName | undefined;
    const request = () => (named ??= nameOf(preimage));
    return {
      call,
      run: {
        ...runOf(program),
        entry,
        args: [...args],
        env: { ...env },
        limits,
        ...(net.length > 0 && { network: net }),
        ...(offer.fork && { fork: true }),
        ...(offer.secret && { secret: { owner: offer.owner, ...offer.secret } }),
      },
      input,
      redirected,
      onProgress,
      requestId: () => request().id,
      isPrivate,
      task({ nonce, payer }) {
        if (!deterministic) return nameOf({ ...preimage, nonce });
        if (!isPrivate) return request();
        return payer === undefined ? nameOf({ ...preimage, nonce }) : nameOf({ ...preimage, scope: payer });
      },
    };
  }

  function identify({
    call,
    request,
    input: given,
    inputs = null,
  }: {
    call: CallableOffer;
    request: FunctionRequest;
    input: Buffer | Input;
    inputs?: string | null;
  }): Plan {
    const { offer, program } = call;
    const input = given instanceof Uint8Array ? bufferedInput(given) : given;
    if (offer.interface === 'batch')
      throw new ComputeError(
        'request_invalid',
        400,
        `"${offer.name}" is run as a batch: POST /${offer.name}/run/SECONDS with {"args": [], "env": {}, "stdin": ""}.`,
      );
    const isPrivate = isPrivateRequest(request);
    const invocation: Invocation = isLibrary(program.kind)
      ? { ...exportCall(call, request), env: {}, input: noInput }
      : offer.interface === 'tool'
        ? { entry: null, args: offer.args ?? [], env: toolEnvironment(offer, program.kind), input }
        : {
            entry: null,
            args: offer.args ?? [],
            env: { ...offer.env, ...cgiEnvironment({ offer, offerId: call.id, request, inputSize: input.size }) },
            input,
            redirected: (to) => ({
              env: {
                ...offer.env,
                ...cgiEnvironment({ offer, offerId: call.id, request: redirectedRequest(request, to), inputSize: 0 }),
              },
              input: Buffer.alloc(0),
            }),
          };
    return planOf({ call, invocation, limits: offer.limits, isPrivate, inputs, onProgress: request.onProgress });
  }

  return {
    /** What a call over HTTP would run. Errors: `request_invalid`. */
    call(request: Parameters<typeof identify>[0]): Plan {
      const { call, input, inputs } = request;
      const size = input instanceof Uint8Array ? input.length : input.size;
      if (call.offer.deterministic !== true || size > 0 || inputs || request.request.onProgress) return identify(request);
      const known = keyOf(call, request.request);
      return plans.get(known) ?? plans.set(known, identify(request), 1);
    },

    /** What a batch run would run, for at most `wallMs`. Errors: `request_invalid`. */
    batch({ call, request, wallMs }: { call: CallableOffer; request: BatchRequest; wallMs: number }): Plan {
      const limits = { ...call.offer.limits, wallMs };
      return planOf({ call, invocation: batchInvocation(call, request), limits, isPrivate: request.isPrivate, inputs: null });
    },
  };
}

/** What is run of a program, whatever the call. */
export const runOf = ({
  cid,
  kind,
  runtime,
}: Pick<ProgramRow, 'cid' | 'kind' | 'runtime'>): Pick<Run, 'program' | 'kind' | 'interpreter'> => ({
  program: cid,
  kind,
  ...((runtime === 'python' || runtime === 'sh') && { interpreter: runtime }),
});

/** Whether it runs in the native sandbox. */
export const isNative = (kind: ProgramKind): boolean => kind === 'native' || kind === 'dynamic' || kind === 'script';

/** All that `identify` looks at in a request without a body to a deterministic function. */
function keyOf({ id, offer, program }: CallableOffer, { method, path, query, headers, remoteAddress }: FunctionRequest): string {
  const varied = (offer.vary ?? []).map((name) => (name === remoteAddressName ? remoteAddress : headers[name]));
  const { 'content-type': type, 'cache-control': control } = headers;
  return JSON.stringify([id, program.cid, method, path, query, type, control, isBodyAnnounced(headers), varied]);
}

/** A caller who wants the result for himself says so as HTTP has it (RFC 9111 §5.2). */
const isPrivateRequest = ({ headers }: FunctionRequest): boolean =>
  /(^|[\s,])(no-store|private)($|[\s,;=])/i.test(headers['cache-control'] ?? '');
