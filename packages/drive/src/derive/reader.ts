import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileFacts, type FileFacts } from '@freehold/protocol';
import type { Context } from '../account.ts';
import { readerArguments } from './arguments.ts';
import { frame, headLength, type Reply, type Request } from './frame.ts';

/** Words and excerpt are deflated. */
export type Derived = {
  facts: FileFacts | undefined;
  words: Uint8Array | undefined;
  excerpt: Uint8Array | undefined;
  picture: Uint8Array | undefined;
};

/** Why a file was not read. `final`: the file is at fault, and would be again; else the process ended in the middle, and nobody knows why. */
export class ReadFailure extends Error {
  readonly final: boolean;
  constructor(message: string, { final }: { final: boolean }) {
    super(message);
    this.name = 'ReadFailure';
    this.final = final;
  }
}

/** Most bytes that a reply may have, each. */
const limits = { head: 64 * 1024, words: 1 << 20, excerpt: 1 << 20, picture: 256 * 1024 };
const watchMilliseconds = 200;

export type ReaderOptions = {
  log: Context['log'];
  /** Milliseconds for one file. */
  patience?: number;
  /** Bytes of memory at which the process is ended. */
  residentLimit?: number;
  /** Milliseconds without work after which the process ends. */
  idle?: number;
  /** Files after which a fresh process goes on. */
  lifetime?: number;
  /** Seconds of computing after which the system ends the process, also when there is no node any more to do it. */
  cpuSeconds?: number;
  /** The process that reads; for tests of what happens when it misbehaves. */
  script?: string;
};
export type Reader = ReturnType<typeof openReader>;

type Running = { child: ChildProcess & { stdin: Writable; stdout: Readable }; files: number; ended: Promise<string>; isOver: boolean };

/**
 * Reads files that strangers made, in a process that can do nothing else, one at a time. The process is started for the first file,
 * ended when there is nothing to do, when it takes too long or too much memory, and started anew for the next file.
 */
export function openReader({
  log,
  patience = 20_000,
  residentLimit = 1 << 30,
  idle = 30_000,
  lifetime = 1000,
  cpuSeconds = 300,
  script,
}: ReaderOptions) {
  let running: Running | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let sleep: NodeJS.Timeout | undefined;
  let stopped = false;
  let waiting = 0;

  function start(): Running {
    const [program, ...args] = limited(cpuSeconds, [process.execPath, ...readerArguments(script)]);
    const child = spawn(program, args, {
      env: {},
      stdio: ['pipe', 'pipe', 'ignore'],
      // Its own process group: Ctrl-C reaches the node alone.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const started: Running = { child, files: 0, ended, isOver: false };
    const end = (how: string) => {
      started.isOver = true;
      if (running === started) running = undefined;
      resolve(how);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => end(signal ? `it was ended by ${signal}` : `it ended with ${code}`));
    // A broken pipe is told by the end of the process.
    child.stdin.on('error', () => {});
    try {
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    } catch {
      // Not every system lets a process be kind to others.
    }
    return started;
  }

  function kill(one: Running) {
    one.isOver = true;
    if (running === one) running = undefined;
    one.child.kill('SIGKILL');
  }

  async function one(request: Request, content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Derived> {
    signal.throwIfAborted();
    if (stopped) throw new ReadFailure('the node is stopping', { final: false });
    clearTimeout(sleep);
    const current = running && !running.isOver ? running : start();
    running = current;
    current.files += 1;
    let fault: string | undefined;
    const end = (why: string) => {
      fault ??= why;
      kill(current);
    };
    const timer = setTimeout(() => end(`it took longer than ${patience / 1000} s`), patience);
    const watch = setInterval(() => {
      void residentBytes(current.child.pid).then((bytes) => {
        if (bytes > residentLimit) end(`it took more than ${residentLimit >> 20} MiB of memory`);
      });
    }, watchMilliseconds);
    const abort = () => end('the node is stopping');
    signal.addEventListener('abort', abort, { once: true });
    try {
      const reply = hear(current.child.stdout, end);
      const sent = send(current, request, content).catch((error: unknown) => {
        // Half a file was sent: the process waits for the rest in vain.
        end('its content could not be read');
        throw error;
      });
      const died = current.ended.then((how) => {
        throw new ReadFailure(fault ?? how, { final: false });
      });
      const [derived] = await Promise.race([Promise.all([reply, sent]), died]);
      return derived;
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
      signal.removeEventListener('abort', abort);
      current.child.stdout.removeAllListeners('data');
      if (current.files >= lifetime) kill(current);
      else sleep = setTimeout(() => kill(current), idle).unref();
    }
  }

  return {
    /** Errors: ReadFailure; whatever the content throws; the signal's reason. */
    read(request: Request, content: AsyncIterable<Uint8Array>, { signal }: { signal: AbortSignal }): Promise<Derived> {
      waiting += 1;
      const result = last.then(() => one(request, content, signal)).finally(() => (waiting -= 1));
      last = result.catch((error: unknown) => {
        if (error instanceof ReadFailure && !error.final) log('drive.reader_ended', { how: error.message });
      });
      return result;
    },

    /** Files that are read or wait to be. */
    waiting: (): number => waiting,

    /** The process that is there now; undefined when there is none. */
    pid: (): number | undefined => running?.child.pid,

    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(sleep);
      const current = running;
      if (!current) return;
      kill(current);
      await current.ended;
    },
  };
}

/** The shell sets the limit and becomes the program. */
const limited = (cpuSeconds: number, command: [string, ...string[]]): [string, ...string[]] =>
  process.platform === 'win32' ? command : ['/bin/sh', '-c', `ulimit -t ${cpuSeconds}; exec "$0" "$@"`, ...command];

async function send(current: Running, request: Request, content: AsyncIterable<Uint8Array>): Promise<void> {
  const { child, ended } = current;
  // A small file goes out in one write with what is said before it.
  child.stdin.cork();
  setImmediate(() => child.stdin.uncork());
  child.stdin.write(frame(request));
  let left = request.length;
  for await (const piece of content) {
    if (current.isOver) return;
    if (piece.length > left) break;
    left -= piece.length;
    if (!child.stdin.write(piece)) {
      const drained = new Promise((resolve) => child.stdin.once('drain', resolve));
      await Promise.race([drained, ended]);
    }
    if (left === 0) break;
  }
  if (left > 0) throw new Error(`The content has ${left} bytes less than its row says`);
}

/** One reply. What the process says is not trusted: a length beyond the limits, or a picture that is none, ends it. */
function hear(stdout: Readable, end: (why: string) => void): Promise<Derived> {
  const { promise, resolve, reject } = Promise.withResolvers<Derived>();
  let received: Buffer = Buffer.alloc(0);
  stdout.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    try {
      const reply = parse(received);
      if (reply) resolve(reply);
    } catch (error) {
      if (error instanceof ReadFailure) return reject(error);
      end('it said what it cannot have meant');
    }
  });
  return promise;
}

function parse(received: Buffer): Derived | undefined {
  if (received.length < headLength) return undefined;
  const length = received.readUInt32BE();
  if (length > limits.head) throw new RangeError('The reply is too long');
  if (received.length < headLength + length) return undefined;
  const head: Partial<Reply> = JSON.parse(received.subarray(headLength, headLength + length).toString());
  if (typeof head.failed === 'string') throw new ReadFailure(head.failed.slice(0, 300), { final: true });
  const sizes = (['words', 'excerpt', 'picture'] as const).map((part) => {
    const size = head[part];
    if (size === undefined || !Number.isInteger(size) || size < 0 || size > limits[part]) throw new RangeError(`The ${part} are too long`);
    return size;
  });
  let at = headLength + length;
  if (received.length < at + sizes.reduce((sum, size) => sum + size, 0)) return undefined;
  const [words, excerpt, picture] = sizes.map((size) => {
    const part = size === 0 ? undefined : Uint8Array.from(received.subarray(at, at + size));
    at += size;
    return part;
  });
  if (picture && !/^RIFF....WEBP/s.test(Buffer.from(picture.subarray(0, 12)).toString('latin1')))
    throw new TypeError('The picture is none');
  return { facts: head.facts === undefined ? undefined : fileFacts.parse(head.facts), words, excerpt, picture };
}

/** Of a process on Linux; 0 elsewhere, where only the heap is limited. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
