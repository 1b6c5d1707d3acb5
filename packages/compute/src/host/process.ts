import type { ChildProcess, StdioOptions } from 'node:child_process';
import { Duplex, Readable } from 'node:stream';
import { spawnLocked } from '../native/index.ts';
import { hostCode } from './code.ts';
import { encodeFrame, FrameReader, type Frame, type FrameKind } from './frame.ts';

/** Starts a program confined by the operating system: it may read the given paths and use its descriptors, and nothing else. */
export type Launch = (options: { program: string; args: string[]; read: string[]; stdio: StdioOptions }) => ChildProcess;

/** The launcher of production: the sandbox's own binary, from `prepareRunner`. */
export function launchLocked(runner: { path: string }, { user }: { user?: number | undefined } = {}): Launch {
  return (options) => spawnLocked({ runner: runner.path, user, ...options });
}

/** The code of a host process: its first module, and options of Node. */
export type HostProgram = { entry: string; options: readonly string[] };

export type HostEnd = { code: number | null; signal: NodeJS.Signals | null; said: string };

export type HostProcess = {
  readonly pid: number;
  send(kind: FrameKind, head?: unknown, body?: readonly Uint8Array[]): void;
  /**
   * With all that is sent so until the event loop has come round, or by `send`: waking a process costs more than a message. A single
   * one is not held up, since the loop comes round at once.
   */
  sendSoon(kind: FrameKind, head?: unknown, body?: readonly Uint8Array[]): void;
  /** Takes no more frames for a while, which holds the process back; but what one that was killed still has to say must not hide its end. */
  pause(): void;
  resume(): void;
  kill(): void;
  /** Settles when the process is gone, with the end of what it wrote to its standard error. */
  readonly ended: Promise<HostEnd>;
};

/**
 * Starts one host process. Frames it sends go to `onFrame`; a process that sends something else is killed, since then a
 * guest may have taken it over.
 */
export function startHost(options: {
  launch: Launch;
  program: HostProgram;
  mode: 'serve' | 'prove';
  parameter: string;
  /** The largest frame accepted from it, in bytes. */
  limit: number;
  onFrame: (frame: Frame) => void;
}): HostProcess {
  const { bootstrap, modules } = hostCode(options.program.entry);
  const child = options.launch({
    program: process.execPath,
    args: [
      '--no-warnings',
      '--no-addons',
      ...options.program.options,
      '--input-type=module',
      '--eval',
      bootstrap,
      options.mode,
      options.parameter,
    ],
    read: [],
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let killed = false;
  const standardError = child.stdio[2];
  if (standardError instanceof Readable) standardError.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-4096)));

  const channel = child.stdio[3];
  const frames = new FrameReader(options.limit);
  if (channel instanceof Duplex) {
    // A host that is killed takes its end of the channel with it; `ended` tells.
    channel.on('error', () => undefined);
    channel.write(modules);
    channel.on('data', (piece: Buffer) => {
      try {
        frames.push(piece);
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) options.onFrame(frame);
      } catch (error) {
        said += `\nIts message could not be read: ${error instanceof Error ? error.message : String(error)}`;
        child.kill('SIGKILL');
      }
    });
  }

  const resume = () => void (channel instanceof Duplex && channel.resume());

  let soon: Buffer[] = [];
  function flush(last?: Buffer): void {
    if (last) soon.push(last);
    const [first, ...more] = soon;
    soon = [];
    if (first && channel instanceof Duplex && channel.writable) channel.write(more.length > 0 ? Buffer.concat([first, ...more]) : first);
  }

  return {
    pid: child.pid ?? 0,
    send: (kind, head, body) => flush(encodeFrame(kind, head, body)),
    sendSoon(kind, head, body) {
      if (soon.push(encodeFrame(kind, head, body)) === 1) setImmediate(flush);
    },
    pause: () => void (channel instanceof Duplex && !killed && channel.pause()),
    resume,
    kill() {
      killed = true;
      child.kill('SIGKILL');
      resume();
    },
    ended: new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: null, signal: null, said: error.message }));
      child.once('close', (code, signal) => resolve({ code, signal, said: said.trim() }));
    }),
  };
}

/** Why a process ended that was not told to: what is said of the run that it was at. */
export function faultOf({ code, signal, said }: HostEnd): { reason: 'memory' | 'killed'; message: string } {
  if (/out of memory|heap limit/i.test(said)) return { reason: 'memory', message: 'It made its host process run out of memory.' };
  return { reason: 'killed', message: `The process that ran it was ended from outside (${signal ?? `exit code ${code}`}).` };
}
