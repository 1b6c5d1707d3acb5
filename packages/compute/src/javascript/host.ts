/**
 * What runs inside the sandbox: one process that has a channel to the server on descriptor 3 and nothing else. It serves one
 * program in all its life, a call at a time, each in a realm of its own that is thrown away afterwards. It is started by
 * `startHost` only.
 */
import { Socket } from 'node:net';
import { attempt } from '../host/attempt.ts';
import { encodeFrame, FrameReader, type Frame } from '../host/frame.ts';
import { ownCpuMs } from '../host/own-usage.ts';
import { hardenRealm } from './harden.ts';
import type { RunHead } from './job.ts';
import { openCall, type Call, type Program } from './call.ts';
import { openModules } from './modules.ts';
import type { RealmModules } from './realm-modules.ts';

const [mode = '', parameter = ''] = process.argv.slice(1);
const channel = new Socket({ fd: 3 });
const send = (kind: Frame['kind'], head?: unknown, body?: readonly Uint8Array[]): boolean => channel.write(encodeFrame(kind, head, body));
const drained = () => new Promise<void>((resolve) => channel.once('drain', resolve));
channel.on('error', () => process.exit(0));
channel.on('close', () => process.exit(0));

if (mode === 'prove') {
  const checks = await attempt(JSON.parse(parameter));
  channel.end(encodeFrame('proof', checks));
} else serve(Number(parameter));

function serve(limit: number): void {
  const classes = hardenRealm();
  const frames = new FrameReader(limit);
  let modules: ReturnType<typeof openModules> | undefined;
  let program: Program | undefined;
  let current: Call | undefined;
  /** The realm of the next call, made while nobody waits. */
  let next: Call | undefined;

  process.on('unhandledRejection', (reason) => current?.report('Unhandled rejection', reason));
  process.on('uncaughtException', (error) => current?.report('Uncaught', error));

  const prepare = (given: Program): Call => {
    if (!modules) throw new Error('A call came before the modules of its realm');
    return openCall({ modules, program: given, classes, send, drained });
  };

  function take({ kind, head, body }: Frame): void {
    switch (kind) {
      case 'modules': {
        modules = openModules(JSON.parse(Buffer.from(body).toString()) as RealmModules);
        prepare({ kind: 'program', source: '' });
        send('ready', { processCpuMs: ownCpuMs() });
        break;
      }
      case 'program':
        program = { ...(head as Pick<Program, 'kind'>), source: Buffer.from(body).toString() };
        break;
      case 'run':
        void run(head as RunHead, body);
        break;
      default:
        current?.take({ kind, head, body });
    }
  }

  async function run(job: RunHead, input: Uint8Array): Promise<void> {
    if (!program) throw new Error('A call came before its program');
    current = next ?? prepare(program);
    next = undefined;
    const result = await current.run(job, input);
    current.end();
    current = undefined;
    send('result', result);
    // A turn of the event loop: what the call left in it is gone, or keeps it from being ready again, which is noticed.
    setImmediate(() => {
      next = program && prepare(program);
      send('ready', { processCpuMs: ownCpuMs() });
    });
  }

  channel.on('data', (piece: Buffer) => {
    frames.push(piece);
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) take(frame);
  });
}
