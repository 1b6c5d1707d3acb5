/**
 * What runs inside the sandbox for components: one process that serves one component in all its life, one job after another,
 * each in a fresh instance. What jco made is executed JavaScript, so a process never sees a second component.
 */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { attempt } from '../../host/attempt.ts';
import { ownCpuMs } from '../../host/own-usage.ts';
import { openChannel } from '../channel.ts';
import { largestTable } from '../inspect.ts';
import type { ReadHead, ReadyHead, ResultHead, RunHead } from '../job.ts';
import { Refusal } from '../program.ts';
import { toSent } from '../send-changes.ts';
import { loadComponent, type Component } from './component.ts';
import { executeComponent } from './execute.ts';

const [mode = '', parameter = ''] = process.argv.slice(1);
/** Memory that jobs left behind is collected when it comes to this much, instead of whenever the engine likes. */
const collectAfter = 32 * 1024 * 1024;

const channel = openChannel({ fd: 3, limit: Number(parameter) });
if (mode === 'prove') channel.send('proof', await attempt(JSON.parse(parameter)));
else await serve();

async function serve(): Promise<void> {
  setFlagsFromString(`--wasm-max-table-size=${largestTable}`);
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  // What jco's code has to say on the console is for its own makers.
  for (const name of ['debug', 'error', 'info', 'log', 'warn'] as const) console[name] = () => undefined;
  process.on('unhandledRejection', () => undefined);
  let component: Component | undefined;
  let released = 0;

  channel.send('ready', { processCpuMs: ownCpuMs() } satisfies ReadyHead);
  for (let frame = channel.receive(); frame !== undefined; frame = channel.receive()) {
    if (frame.kind !== 'run') throw new Error(`Expected a job, got a ${frame.kind} frame`);
    released += await answer(frame.head as RunHead, frame.body);
    if (released > collectAfter) {
      collect();
      released = 0;
    }
    await setImmediate();
  }

  /** Answers the bytes to be collected. */
  async function answer(job: RunHead, stdin: Uint8Array): Promise<number> {
    const wallStarted = process.hrtime.bigint();
    const cpuStarted = process.cpuUsage();
    const usage = () => {
      const { user, system } = process.cpuUsage(cpuStarted);
      const wallUs = Number((process.hrtime.bigint() - wallStarted) / 1000n);
      return { id: job.id, wallUs, cpuUs: user + system, processCpuMs: ownCpuMs() };
    };
    try {
      component ??= await load();
      const { stdout, stderr, memoryBytes, changes, ...outcome } = executeComponent({ component, job, stdin, readContent, passStdout });
      const sizes = { maxRssBytes: memoryBytes, stdoutBytes: stdout.length, stderrBytes: stderr.length };
      const { heads, bytes } = toSent(changes);
      channel.send('result', { ...outcome, ...usage(), ...sizes, ...(heads && { changes: heads }) } satisfies ResultHead, [
        stdout,
        stderr,
        ...bytes,
      ]);
      return memoryBytes + stdout.length + stdin.length;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const sizes = { maxRssBytes: 0, stdoutBytes: 0, stderrBytes: 0 };
      channel.send('result', { reason: error.reason, exitCode: 0, trap: error.message, ...usage(), ...sizes } satisfies ResultHead);
      return 0;
    }
  }

  async function load(): Promise<Component> {
    channel.send('need');
    return loadComponent(channel.answer('program').body);
  }

  function readContent(content: string, offset: number, length: number): Uint8Array {
    channel.send('read', { content, offset, length } satisfies ReadHead);
    return channel.answer('content').body;
  }

  function passStdout(bytes: Uint8Array): void {
    channel.send('output', null, [bytes]);
    channel.answer('taken');
  }
}
