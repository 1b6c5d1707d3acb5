import type { RunOptions, RunResult } from '../engine.ts';
import { ComputeError } from '../error.ts';
import type { PreparedRunner } from '../native/index.ts';
import type { Log } from '../native/log.ts';
import { launchLocked, type Launch } from '../host/process.ts';
import { proveHost, unproven, type HostProof } from '../host/prove.ts';
import { openWaitingCalls } from '../host/waiting-calls.ts';
import type { JavaScriptJob } from './job.ts';
import { javascriptHost, neverStarted, programOf, startWorker, type Worker } from './worker.ts';

export type JavaScriptPool = {
  /** What the sandbox showed when it proved itself at the start. */
  readonly proof: HostProof;
  /** Runs one call in a realm of its own. Rejects when the program or the input cannot be read, or no process can be started. */
  run(job: JavaScriptJob, input: Buffer | AsyncIterable<Uint8Array>, options?: RunOptions): Promise<RunResult>;
  stop(): Promise<void>;
};

/**
 * Opens the JavaScript engine: the sandbox proves itself, then `size` calls at once run in host processes under it. A process
 * serves one program until it ends; one that has none yet is always kept ready for a program that is called for the first time.
 *
 * Errors: `sandbox_unavailable` when this machine cannot confine the processes. Nothing ever runs unconfined.
 */
export async function openJavaScriptPool({
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
}): Promise<JavaScriptPool> {
  if ('unavailable' in runner) throw new ComputeError('sandbox_unavailable', 503, runner.unavailable);
  const launch = launchLocked(runner, { user });
  const proof = await proveHost({ launch, program: javascriptHost, what: 'JavaScript' });
  if (!proof.available) throw unproven(proof);
  return startPool({ launch, proof, size, log });
}

type Call = { job: JavaScriptJob; input: Buffer | AsyncIterable<Uint8Array>; options: RunOptions };

/** After this many processes in a row that ended before they were ready, waiting calls are refused. */
const mostFailedStarts = 3;
const pauseAfterFailureMs = 1000;

function startPool({ launch, proof, size, log }: { launch: Launch; proof: HostProof; size: number; log: Log }): JavaScriptPool {
  const workers = new Set<Worker>();
  const waiting = openWaitingCalls<Call, RunResult>({ neverStarted });
  const { line } = waiting;
  const most = size + 2;
  let running = 0;
  let failedStarts = 0;
  let stopped = false;

  function addWorker(): void {
    if (stopped) return;
    const worker = startWorker({ launch, log, onFree: dispatch });
    workers.add(worker);
    void worker.ready.then(
      () => (failedStarts = 0),
      () => undefined,
    );
    void whenEnded(worker);
  }

  async function whenEnded(worker: Worker): Promise<void> {
    const { wasReady, said } = await worker.ended;
    workers.delete(worker);
    if (stopped) return;
    if (wasReady) {
      keepOneBlank();
      return dispatch();
    }
    failedStarts++;
    log('compute.javascript.start-failed', { attempt: failedStarts, said });
    if (failedStarts >= mostFailedStarts) waiting.refuse(`No process for JavaScript can be started: ${said}`);
    setTimeout(keepOneBlank, pauseAfterFailureMs).unref();
  }

  /** One process without a program: what has been idle longest goes when there is no room for it. */
  function keepOneBlank(): void {
    if ([...workers].some(({ program }) => program === undefined)) return;
    if (workers.size >= most) {
      const idle = [...workers].filter(({ free }) => free).sort((a, b) => a.usedAt - b.usedAt);
      // Its end makes the room.
      idle[0]?.kill();
    } else addWorker();
  }

  function dispatch(): void {
    for (let index = 0; running < size && index < line.length;) {
      const next = line[index];
      const worker = next && chooseWorker(programOf(next.call.job));
      if (!next || !worker) {
        // A later call may be of a program that has a free process.
        index++;
        continue;
      }
      line.splice(index, 1);
      running++;
      void runOn(worker, next);
    }
    if (line.length > 0) keepOneBlank();
  }

  async function runOn(worker: Worker, { call: { job, input, options }, resolve, reject }: (typeof line)[number]): Promise<void> {
    try {
      const isNew = worker.program === undefined;
      const result = worker.run(job, input, options);
      if (isNew) keepOneBlank();
      resolve(await result);
    } catch (error) {
      reject(error);
    } finally {
      running--;
      dispatch();
    }
  }

  /** A free process of this program, or one that has none yet. */
  function chooseWorker(program: string): Worker | undefined {
    let blank: Worker | undefined;
    for (const worker of workers) {
      if (!worker.free) continue;
      if (worker.program === program) return worker;
      if (worker.program === undefined) blank ??= worker;
    }
    return blank;
  }

  addWorker();

  return {
    proof,
    async run(job, input, options = {}) {
      if (stopped) throw new ComputeError('sandbox_unavailable', 503, 'The JavaScript engine is stopping. Try again when the node is up.');
      return waiting.add({ job, input, options }, { signal: options.signal, dispatch });
    },
    async stop() {
      stopped = true;
      waiting.refuse('The JavaScript engine was stopped.');
      await Promise.all(
        [...workers].map((worker) => {
          worker.kill();
          return worker.ended;
        }),
      );
    },
  };
}
