import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { NativeReason, NativeRequest } from './limits.ts';

/**
 * The protocol of `runner/slot.h`, seen from the node: a frame is a little-endian u32 `length << 8 | type`, then the payload.
 * Both ends are on one machine, and every machine the runner knows is little-endian.
 */
export const toRunner = { execute: 1, stdin: 2, stdinEnd: 3, kill: 4 } as const;
export const fromRunner = { stdout: 2, stderr: 3, credit: 4, exit: 5, refused: 6 } as const;

/** So many bytes of stdin may be on their way; CREDIT frames give room back. Equals STDIN_WINDOW in slot.h. */
export const stdinWindow = 256 * 1024;
/** Longest payload the runner accepts. Equals MOST_FRAME in slot.h. */
export const frameLimit = 256 * 1024;

const headerSize = 4;
const reasons: readonly NativeReason[] = ['exit', 'signal', 'wall', 'cpu', 'memory', 'output', 'killed', 'spawn'];
const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]));

export function frame(type: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.allocUnsafe(headerSize + payload.length);
  bytes.writeUInt32LE(((payload.length << 8) | type) >>> 0, 0);
  bytes.set(payload, headerSize);
  return bytes;
}

/** The frame that starts a run, or undefined when its arguments and environment are longer than a frame can be. */
export function executeFrame({
  program,
  argv,
  env,
  limits,
  interpreter = 0,
  processes = false,
  connects = false,
}: NativeRequest): Buffer | undefined {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const strings = [program, ...argv, ...variables];
  if (argv.length === 0 || strings.some((text) => text.includes('\0'))) return undefined;
  const text = Buffer.from(`${strings.join('\0')}\0`);
  const head = Buffer.alloc(5 * 8 + 4 * 4);
  const amounts = [limits.memoryBytes, limits.cpuMs, limits.wallMs, limits.outputBytes, limits.errorBytes];
  for (const [index, amount] of amounts.entries()) head.writeBigUInt64LE(BigInt(Math.max(0, Math.ceil(amount))), index * 8);
  head.writeUInt32LE(interpreter, 40);
  head.writeUInt32LE((processes ? 1 : 0) | (connects ? 2 : 0), 44);
  head.writeUInt32LE(argv.length, 48);
  head.writeUInt32LE(variables.length, 52);
  if (head.length + text.length > frameLimit || strings.length > 4000) return undefined;
  return frame(toRunner.execute, Buffer.concat([head, text]));
}

/** `struct exit_report` of slot.h. */
export type ExitReport = {
  reason: NativeReason;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Which step of starting failed, and its errno; 0 unless the reason is `spawn`. */
  step: number;
  errno: number;
  wallUs: number;
  cpuUs: number;
  maxRssBytes: number;
};

export function readExit(payload: Buffer): ExitReport {
  const reason = reasons[payload.readUInt32LE(0)] ?? 'killed';
  return {
    reason,
    exitCode: reason === 'exit' ? payload.readUInt32LE(4) : null,
    signal: signalNames.get(payload.readUInt32LE(8)) ?? null,
    step: payload.readUInt32LE(12),
    errno: payload.readUInt32LE(16),
    wallUs: Number(payload.readBigUInt64LE(24)),
    cpuUs: Number(payload.readBigUInt64LE(32)),
    maxRssBytes: Number(payload.readBigUInt64LE(40)),
  };
}

/** Cuts a byte stream into frames. Payloads are views, valid during the callback only as long as the chunk is. */
export function frameReader(onFrame: (type: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headerSize) {
      const header = bytes.readUInt32LE(at);
      const end = at + headerSize + (header >>> 8);
      if (end > bytes.length) break;
      onFrame(header & 0xff, bytes.subarray(at + headerSize, end));
      at = end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
  };
}

/** A system call that the sandbox refused: what a runner with `explain` tells. */
export type Refusal = { call: string; error: string };

export function readRefusal(payload: Buffer): Refusal {
  const error = getSystemErrorName(-payload.readUInt32LE(0));
  return { call: payload.toString('latin1', 8) || `system call ${payload.readUInt32LE(4)}`, error };
}
