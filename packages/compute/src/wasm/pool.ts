import { availableParallelism } from 'node:os';
import { ComputeError } from '../error.ts';
import type { PreparedRunner } from '../native/index.ts';
import type { Log } from '../native/log.ts';
import { inspectWasm, type WasmInspection } from './inspect.ts';
import { largestStream, type WasmJob, type WasmResult } from './job.ts';
import { launchLocked, type Launch } from '../host/process.ts';
import { unproven, type HostProof } from '../host/prove.ts';
import { proveWasmSandbox } from './prove.ts';
import { openWaitingCalls } from '../host/waiting-calls.ts';
import { openWatch } from '../host/watch.ts';
import { openPace, quickUs } from './pace.ts';
import { neverStarted, startWorker, type WasmWork, type Worker } from './worker.ts';

export type WasmPool = {
  /** What the sandbox showed when it proved itself at the start. */
  readonly proof: HostProof;
  /**
   * Runs one job in its own fresh instance. It waits for a free process; when `signal` fires, the job ends with the reason
   * `killed`. Rejects when the program cannot be read, stdin is too large, the pool is stopped or no process can be started.
   */
  run(job: WasmJob, options?: { signal?: AbortSignal }): Promise<WasmResult>;
  inspect(bytes: Uint8Array): WasmInspection;
  stop(): Promise<void>;
};

/**
 * Opens the WebAssembly engine: the sandbox proves itself, then `size` jobs at once run in host processes under it. There is
 * one process more than that, warm, to step in when another had to be killed.
 *
 * Errors: `sandbox_unavailable` when this machine cannot confine the processes. Nothing ever runs unconfined.
 */
export async function openWasmPool({
  runner,
  size,
  log,
  user,
}: {
  runner: PreparedRunner;
  size: number;
  log: Log;
  /** Tests only: who starts the host processes. */
  user?: number | undefined;
}): Promise<WasmPool> {
  if ('unavailable' in runner) throw new ComputeError('sandbox_unavailable', 503, runner.unavailable);
  const launch = launchLocked(runner, { user });
  const proof = await proveWasmSandbox({ launch });
  if (!proof.available) throw unproven(proof);
  return startPool({ launch, proof, size, log });
}

/** Processes that wait for the first jobs: one to run it and one to step in. More come when they are needed, so that a node at rest is small. */
const warmAtStart = 2;
/** After this many processes in a row that ended before they were ready, waiting jobs are refused. */
const mostFailedStarts = 3;
const pauseAfterFailureMs = 1000;

function startPool({ launch, proof, size, log }: { launch: Launch; proof: HostProof; size: number; log: Log }): WasmPool {
  const workers = new Set<Worker>();
  const waiting = openWaitingCalls<WasmWork['call'], WasmResult>({ neverStarted });
  const { line } = waiting;
  const pace = openPace();
  const watch = openWatch((now) => {
    for (const worker of workers) worker.look(now);
  });
  /** Quick jobs are spread over this many processes before they wait behind one another: one processor is the server's own. */
  const spread = Math.min(size, Math.max(1, availableParallelism() - 1));
  let failedStarts = 0;
  let stopped = false;

  function addWorker(): void {
    if (stopped) return;
    const worker = startWorker({ launch, log, watch, onTurn: dispatch, onReturn: takeBack, took: pace.took });
    workers.add(worker);
    void whenReady(worker);
    void whenEnded(worker);
  }

  async function whenReady(worker: Worker): Promise<void> {
    const isReady = await worker.ready.then(
      () => true,
      () => false,
    );
    if (!isReady) return;
    failedStarts = 0;
    dispatch();
  }

  async function whenEnded(worker: Worker): Promise<void> {
    const { wasReady, said } = await worker.ended;
    workers.delete(worker);
    if (wasReady || stopped) return addWorker();
    failedStarts++;
    log('compute.wasm.start-failed', { attempt: failedStarts, said });
    if (failedStarts >= mostFailedStarts) waiting.refuse(`No process for WebAssembly can be started: ${said}`);
    setTimeout(addWorker, pauseAfterFailureMs).unref();
  }

  function dispatch(): void {
    for (let [next] = line; next !== undefined; [next] = line) {
      const worker = chooseWorker(next);
      if (worker === undefined) {
        if (workers.size < size + 1) addWorker();
        return;
      }
      line.shift();
      worker.run(next);
    }
  }

  /** What had to wait too long behind another does not do so again. */
  function takeBack(works: WasmWork[]): void {
    for (const { call } of works) call.usualUs = Infinity;
    waiting.putBack(works);
    if (stopped) waiting.refuse('The WebAssembly engine was stopped.');
    dispatch();
  }

  /** A free process, if possible one that has compiled the program already; for a quick job one at which it waits shortly. */
  function chooseWorker({ call: { job, usualUs } }: WasmWork): Worker | undefined {
    let free: Worker | undefined;
    let flowing: Worker | undefined;
    let flows = 0;
    let running = 0;
    for (const worker of workers) {
      if (worker.free) {
        if (!free?.has(job.program.id)) free = worker;
      } else if (worker.load > 0) {
        running++;
        if (usualUs > quickUs || !worker.flows) continue;
        flows++;
        if (!flowing || worker.load < flowing.load) flowing = worker;
      }
    }
    if (flowing && flows >= spread) return flowing;
    return free && running < size ? free : flowing;
  }

  function refusalOf(job: WasmJob): ComputeError | undefined {
    if (stopped) return new ComputeError('sandbox_unavailable', 503, 'The WebAssembly engine is stopping. Try again when the node is up.');
    if (job.kind !== 'command' || (job.stdin?.length ?? 0) <= largestStream) return undefined;
    const most = largestStream / 1024 / 1024;
    return new ComputeError('input_too_large', 413, `The input of a WebAssembly program may have at most ${most} MiB.`);
  }

  for (let index = 0; index < Math.min(warmAtStart, size + 1); index++) addWorker();

  return {
    proof,
    inspect: inspectWasm,
    run(job, { signal } = {}) {
      const refusal = refusalOf(job);
      if (refusal) return Promise.reject(refusal);
      return waiting.add({ job, usualUs: pace.usualUs(job.program.id) }, { signal, dispatch });
    },
    async stop() {
      stopped = true;
      watch.stop();
      waiting.refuse('The WebAssembly engine was stopped.');
      await Promise.all(
        [...workers].map((worker) => {
          worker.kill();
          return worker.ended;
        }),
      );
    },
  };
}
