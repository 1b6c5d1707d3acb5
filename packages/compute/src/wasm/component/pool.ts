import { ComputeError } from '../../error.ts';
import type { HostProgram, Launch } from '../../host/process.ts';
import { openWaitingCalls } from '../../host/waiting-calls.ts';
import { openWatch } from '../../host/watch.ts';
import type { Log } from '../../native/log.ts';
import type { WasmCommand, WasmResult } from '../job.ts';
import { neverStarted, startWorker, type WasmWork, type Worker } from '../worker.ts';
import { openBundles } from './bundles.ts';
import { ComponentRefused } from './transpile.ts';

export const componentHost: HostProgram = { entry: 'compute/src/wasm/component/host.ts', options: ['--max-old-space-size=128'] };

/** A process that has had no call for this long ends, so that components that nobody calls take no memory. */
const idleMs = 60_000;

/** A process, the one component that it serves, and the job that it will be given when it is ready. */
type Place = { worker: Worker; program: string; next: WasmWork | undefined; usedAt: number };

/**
 * Runs WASI 0.2 components, `size` at once, each process serving one component until it ends. There is none while none is
 * called. It needs a sandbox that has proved itself.
 */
export function openComponentPool({ launch, directory, size, log }: { launch: Launch; directory: string; size: number; log: Log }) {
  const bundles = openBundles({ directory, launch });
  const waiting = openWaitingCalls<WasmWork['call'], WasmResult>({ neverStarted });
  const { line } = waiting;
  const places = new Set<Place>();
  const watch = openWatch((now) => {
    for (const { worker } of places) worker.look(now);
  });
  let stopped = false;
  const sweeper = setInterval(() => sweep(), idleMs / 2);
  sweeper.unref();

  function dispatch(): void {
    for (let index = 0; index < line.length;) {
      const work = line[index];
      const place = work && placeFor(work.call.job.program.id);
      if (!work || !place) {
        // A later call may be of a component that has a free process.
        index++;
        continue;
      }
      line.splice(index, 1);
      place.usedAt = performance.now();
      if (place.worker.free) place.worker.run(work);
      else place.next = work;
    }
  }

  /** A free process of this component, or a new one, for which what has been idle longest makes room. */
  function placeFor(program: string): Place | undefined {
    const idle = [...places].filter(({ worker }) => worker.free).sort((a, b) => a.usedAt - b.usedAt);
    const own = idle.findLast((place) => place.program === program);
    if (own) return own;
    if (places.size < size) return addPlace(program);
    // Its end makes the room.
    idle[0]?.worker.kill();
    return undefined;
  }

  function addPlace(program: string): Place {
    const worker = startWorker({
      launch,
      program: componentHost,
      log,
      watch,
      onTurn: dispatch,
      // Nothing is sent ahead here.
      onReturn: (works) => waiting.putBack(works),
      took: () => undefined,
    });
    const place: Place = { worker, program, next: undefined, usedAt: performance.now() };
    places.add(place);
    void worker.ready.then(
      () => {
        const work = place.next;
        place.next = undefined;
        if (work?.signal?.aborted) work.resolve(neverStarted());
        else if (work) return worker.run(work);
        dispatch();
      },
      (error: Error) =>
        place.next?.reject(new ComputeError('sandbox_unavailable', 503, `No process for components can be started: ${error.message}`)),
    );
    void worker.ended.then(() => {
      places.delete(place);
      if (!stopped) dispatch();
    });
    return place;
  }

  function sweep(): void {
    const now = performance.now();
    for (const { worker, usedAt } of places) if (worker.free && now - usedAt > idleMs) worker.kill();
  }

  return {
    /** Errors: as the pool of modules. What cannot be transpiled ends with the reason `invalid`. */
    async run(job: WasmCommand, { signal }: { signal?: AbortSignal } = {}): Promise<WasmResult> {
      if (stopped) throw new ComputeError('sandbox_unavailable', 503, 'The WebAssembly engine is stopping. Try again when the node is up.');
      try {
        const bundle = await bundles.get(job.program);
        const program = { id: job.program.id, read: () => bundle };
        return await waiting.add({ job: { ...job, program }, usualUs: Infinity }, { signal, dispatch });
      } catch (error) {
        if (error instanceof ComponentRefused) return { ...neverStarted(), reason: 'invalid', trap: error.message };
        throw error;
      }
    },
    async stop(): Promise<void> {
      stopped = true;
      clearInterval(sweeper);
      watch.stop();
      waiting.refuse('The WebAssembly engine was stopped.');
      await Promise.all(
        [...places].map(({ worker }) => {
          worker.kill();
          return worker.ended;
        }),
      );
    },
  };
}
