/**
 * What runs inside the sandbox: one process that has a channel to the server on descriptor 3 and nothing else. It compiles
 * programs it is sent, runs one job after another, and ends when the server does. It is started by `startHost` only.
 */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openLru } from '../lru.ts';
import { openChannel } from './channel.ts';
import { execute } from './execute.ts';
import { largestProgram, largestTable } from './inspect.ts';
import type { LateHead, ReadHead, ReadyHead, ResultHead, RunHead } from './job.ts';
import { attempt } from '../host/attempt.ts';
import { ownCpuMs } from '../host/own-usage.ts';
import { createWasi } from './wasi/wasi.ts';
import { toSent } from './send-changes.ts';
import { compileProgram, Refusal, type Program } from './program.ts';

const [mode = '', parameter = ''] = process.argv.slice(1);

/** Compiled programs are kept up to this many bytes of their files, the least recently used going first. */
const keptBytes = largestProgram;
/** Memory that jobs left behind is collected when it comes to this much, instead of whenever the engine likes. */
const collectAfter = 32 * 1024 * 1024;
/** After this many jobs one turn of the event loop, in which the engine does what it put off. */
const jobsPerTurn = 64;

const channel = openChannel({ fd: 3, limit: Number(parameter) });
if (mode === 'prove') channel.send('proof', await attempt(JSON.parse(parameter)));
else await serve();

async function serve(): Promise<void> {
  // Set here and not on the command line: there they would invalidate Node's own code cache and double the start time.
  setFlagsFromString(`--wasm-max-table-size=${largestTable}`);
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const wasi = createWasi();
  const programs = openLru<Program>({ most: keptBytes });
  let released = 0;
  let answered = 0;
  /** Processor time of this process when it last had nothing to do. */
  let idleCpuMs = ownCpuMs();

  channel.send('ready', { processCpuMs: idleCpuMs } satisfies ReadyHead);
  for (let frame = channel.receive(); frame !== undefined; frame = channel.receive()) {
    if (frame.kind !== 'run') throw new Error(`Expected a job, got a ${frame.kind} frame`);
    const job = frame.head as RunHead;
    if (job.before !== undefined && Number(process.hrtime.bigint()) >= job.before) {
      channel.send('late', { id: job.id } satisfies LateHead);
      continue;
    }
    released += answer(job, frame.body);
    if (released > collectAfter) {
      collect();
      released = 0;
      idleCpuMs = ownCpuMs();
    }
    if (++answered % jobsPerTurn === 0) await setImmediate();
  }

  /** A function of its own, so that nothing of the job is held any more when it returns. Answers the bytes to be collected. */
  function answer(job: RunHead, stdin: Uint8Array): number {
    const started = performance.now();
    const usage = () => {
      const wallUs = Math.round((performance.now() - started) * 1000);
      const before = idleCpuMs;
      idleCpuMs = ownCpuMs();
      return { id: job.id, wallUs, cpuUs: Math.round((idleCpuMs - before) * 1000), processCpuMs: idleCpuMs };
    };
    try {
      const program = programOf(job);
      const { stdout, stderr, memoryBytes, changes, release, ...outcome } = execute({ program, wasi, job, stdin, readContent, passStdout });
      const sizes = { maxRssBytes: memoryBytes, stdoutBytes: stdout.length, stderrBytes: stderr.length };
      const { heads, bytes } = toSent(changes);
      const head: ResultHead = { ...outcome, ...usage(), ...sizes, ...(heads && { changes: heads }) };
      channel.send('result', head, [stdout, stderr, ...bytes]);
      return release();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const head: ResultHead = {
        reason: error.reason,
        exitCode: 0,
        trap: error.message,
        ...usage(),
        maxRssBytes: 0,
        stdoutBytes: 0,
        stderrBytes: 0,
      };
      channel.send('result', head);
      return 0;
    }
  }

  function programOf(job: RunHead): Program {
    const isMetered = job.limits.fuel !== undefined;
    const key = isMetered ? `${job.program} metered` : job.program;
    const known = programs.get(key);
    if (known) return known;
    const program = load(isMetered);
    return programs.set(key, program, program.size);
  }

  function load(isMetered: boolean): Program {
    channel.send('need');
    return compileProgram(channel.answer('program').body, { isMetered });
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
