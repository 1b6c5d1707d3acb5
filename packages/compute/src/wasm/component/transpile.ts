import { ComputeError } from '../../error.ts';
import { startHost, type HostProgram, type Launch } from '../../host/process.ts';
import { cpuMsOf, residentBytesOf } from '../../host/process-usage.ts';
import { largestProgram } from '../inspect.ts';
import { readJco } from './jco.ts';

export const transpileHost: HostProgram = {
  entry: 'compute/src/wasm/component/transpile-host.ts',
  options: ['--max-old-space-size=256'],
};

/** What the transpiling of one component may take. */
const most = { wallMs: 60_000, cpuMs: 15_000, residentBytes: 1024 * 1024 * 1024, bundleBytes: 4 * largestProgram };
const tickMs = 50;

/** Said of a component that nothing can be made of; the message is for whoever sent it. */
export class ComponentRefused extends Error {}

/** Makes a bundle of a component, in a process that is started for it and ends with it. Errors: `ComponentRefused`, `sandbox_unavailable`. */
export async function transpile(component: Uint8Array, { launch }: { launch: Launch }): Promise<Buffer> {
  const jco = await readJco();
  const done = Promise.withResolvers<Buffer>();
  let isReady = false;
  const host = startHost({
    launch,
    program: transpileHost,
    mode: 'serve',
    parameter: String(2 * largestProgram),
    limit: most.bundleBytes,
    onFrame({ kind, head, body }) {
      if (kind === 'ready') {
        isReady = true;
        host.send('program', null, [component]);
      } else if (kind === 'result' && isRefusal(head)) done.reject(new ComponentRefused(head.refusal));
      else if (kind === 'result') done.resolve(Buffer.from(body));
      else throw new Error(`a ${kind} frame was not expected`);
    },
  });
  host.send('modules', null, [jco]);
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const isOver =
      performance.now() - startedAt > most.wallMs || cpuMsOf(host.pid) > most.cpuMs || residentBytesOf(host.pid) > most.residentBytes;
    if (isOver)
      done.reject(new ComponentRefused('It takes more time or memory to prepare than is given to any component. Make it smaller.'));
  }, tickMs);
  void host.ended.then(({ said }) => {
    const why = said.split('\n').at(-1) || 'the process ended';
    done.reject(
      isReady
        ? new ComponentRefused(`jco, which prepares components, failed at it: ${why}.`)
        : new ComputeError('sandbox_unavailable', 503, `No process for components can be started: ${why}`),
    );
  });
  try {
    return await done.promise;
  } finally {
    clearInterval(timer);
    host.kill();
  }
}

const isRefusal = (head: unknown): head is { refusal: string } =>
  typeof head === 'object' && head !== null && 'refusal' in head && typeof head.refusal === 'string';
