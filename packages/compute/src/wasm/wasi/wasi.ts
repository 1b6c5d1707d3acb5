import { WasiContext, WasiEnd, type WasiCalls, type WasiOptions } from './context.ts';
import { errno, WasiFailure } from './errno.ts';
import { fileCalls } from './file-calls.ts';
import { pathCalls } from './path-calls.ts';
import { pollCall } from './poll-call.ts';
import { processCalls } from './process-calls.ts';

export type Wasi = {
  /** The functions of WASI preview 1, to be imported. They serve the job that began last. */
  readonly calls: Record<string, (...values: never[]) => number>;
  /** Everything that a job can see or leave behind is made anew here. */
  begin(options: WasiOptions): void;
  /** Lets go of the job. */
  clear(): void;
  /** The job as it stands: what it wrote, what its scratch folder holds, and whether it ended itself. */
  readonly job: Readonly<Pick<WasiContext, 'stdout' | 'stderr' | 'ended' | 'mounted' | 'treeBytes'>>;
};

/**
 * WASI preview 1: standard streams in memory, and one empty writable folder at "/" that exists only for the job. No path of
 * the host is ever opened; what the guest names is looked up in `Volume` and nowhere else.
 *
 * The functions are made once for the process, since instances that import the same functions are made in half the time.
 */
export function createWasi(): Wasi {
  const job = new WasiContext();

  /** What a guest sees of a call: an error number, never an exception, except the one that ends it. */
  function guarded(call: (...values: never[]) => number | void): (...values: never[]) => number {
    return (...values) => {
      if (job.ended !== undefined) throw job.ended;
      try {
        return call(...values) ?? errno.success;
      } catch (error) {
        if (error instanceof WasiFailure) return error.errno;
        if (error instanceof WasiEnd) job.ended = error;
        throw error;
      }
    };
  }

  const calls: WasiCalls = { ...processCalls(job), ...fileCalls(job), ...pathCalls(job), ...pollCall(job) };
  return {
    calls: Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, guarded(call)])),
    begin: (options) => job.begin(options),
    clear: () => job.clear(),
    job,
  };
}
