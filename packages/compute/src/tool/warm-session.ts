import type { Engine, Run, RunReason, RunResult } from '../engine.ts';
import { openLineReader } from './line-reader.ts';
import { readProgress, type OnProgress } from './progress.ts';
import { openStdin } from './stdin.ts';

/** One program that is kept running (`--mcp-stream`) and is given one call at a time. */
export type WarmSession = ReturnType<typeof openWarmSession>;

export type WarmCall = {
  /** Id of the task. */
  id: string;
  /** JSON text. */
  input: Buffer;
  wallMs: number;
  outputBytes: number;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
};

type Current = WarmCall & { settle: (result: RunResult) => void; startedAt: number; stderr: Buffer[]; stderrSize: number; told: number };

const nothing = Buffer.alloc(0);
const mostStderr = 64 * 1024;
/** Around the output in its line. */
const envelope = 1024;
const newline = Buffer.from('\n');

export function openWarmSession({ execute, run, onEnd }: { execute: Engine['run']; run: Run; onEnd: () => void }) {
  const killing = new AbortController();
  const stdin = openStdin();
  let current: Current | undefined;
  let ended = false;
  let calls = 0;
  const startedAt = performance.now();

  /** Ends the call under way, if any, and never lets another one begin. */
  function end(reason: RunReason, message: string | null, exitCode: number | null = null): void {
    const call = current;
    current = undefined;
    if (!ended) {
      ended = true;
      stdin.end();
      killing.abort();
      onEnd();
    }
    call?.settle(resultOf(call, { reason, message, exitCode, stdout: nothing }));
  }

  const lines = openLineReader({
    most: () => (current?.outputBytes ?? 0) + envelope,
    onLine(line) {
      const call = current;
      const said = parse(line);
      if (!call || said === undefined || said['id'] !== call.id) return end('invalid', 'It wrote a line that answers no call.');
      const progress = readProgress(said);
      call.told += line.length;
      if (call.told > call.outputBytes + envelope) return end('output', null);
      if (progress) return call.onProgress?.(progress);
      const isError = 'error' in said;
      if (!isError && !('output' in said)) return end('invalid', 'It answered a call with neither an output nor an error.');
      const stdout = Buffer.from(`${JSON.stringify(isError ? { error: said['error'] } : said['output'])}\n`);
      current = undefined;
      call.settle(resultOf(call, { reason: 'exit', message: null, exitCode: isError ? 1 : 0, stdout }));
    },
  });

  void execute(run, stdin.read(), {
    signal: killing.signal,
    onStdout(chunk) {
      if (!ended && !lines.push(chunk)) end('output', null);
    },
    onStderr(chunk) {
      if (!current || current.stderrSize >= mostStderr) return;
      current.stderr.push(chunk.subarray(0, mostStderr - current.stderrSize));
      current.stderrSize += chunk.length;
    },
  }).then(
    ({ reason, message, exitCode }) =>
      reason === 'exit' ? end('invalid', `It ended (code ${exitCode}) before it had answered.`) : end(reason, message),
    (error: unknown) => end('killed', error instanceof Error ? error.message : null),
  );

  return {
    get isEnded() {
      return ended;
    },
    get isBusy() {
      return current !== undefined;
    },
    get calls() {
      return calls;
    },
    get ageMs() {
      return performance.now() - startedAt;
    },

    /** One at a time. A call that takes too long, or is cancelled, ends the program. */
    call(call: WarmCall): Promise<RunResult> {
      const { promise, resolve } = Promise.withResolvers<RunResult>();
      calls++;
      const cancel = () => end('killed', null);
      const timer = setTimeout(end, call.wallMs, 'wall', null);
      current = {
        ...call,
        startedAt: performance.now(),
        stderr: [],
        stderrSize: 0,
        told: 0,
        settle(result) {
          clearTimeout(timer);
          call.signal?.removeEventListener('abort', cancel);
          resolve(result);
        },
      };
      if (ended) end('killed', null);
      else if (call.signal?.aborted) cancel();
      else {
        call.signal?.addEventListener('abort', cancel, { once: true });
        stdin.write(
          Buffer.concat([Buffer.from(`{"id":${JSON.stringify(call.id)},"input":`), onOneLine(call.input), Buffer.from('}'), newline]),
        );
      }
      return promise;
    },

    stop: () => end('killed', 'The node is stopping.'),
  };
}

/** What time one call took is known; how much of the processor's is not, and is at most that for a program of one thread. */
function resultOf({ startedAt, stderr }: Current, end: Pick<RunResult, 'reason' | 'message' | 'exitCode' | 'stdout'>): RunResult {
  const wallUs = Math.round((performance.now() - startedAt) * 1000);
  return { ...end, wallUs, cpuUs: wallUs, maxRssBytes: 0, stderr: Buffer.concat(stderr) };
}

/** In JSON a line break is white space wherever it stands as it is. */
function onOneLine(json: Buffer): Buffer {
  if (!json.includes(0x0a) && !json.includes(0x0d)) return json;
  return json.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte)) as Buffer;
}

/** An object, its large numbers as they were written. */
function parse(line: Buffer): Record<string, unknown> | undefined {
  try {
    const text = line.toString();
    const value: unknown = /\d{16}/.test(text) ? JSON.parse(text, keepNumber) : JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** `JSON.rawJSON` (ES2026) is written as it is. */
function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  const rawJSON: unknown = Reflect.get(JSON, 'rawJSON');
  return typeof rawJSON === 'function' ? rawJSON(context.source) : value;
}
