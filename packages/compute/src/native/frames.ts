import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { NativeReason, NativeRequest } from './limits.ts';

/**
 * The protocol of `runner/slot.h`, seen from the node: a frame is a little-endian u32 `length << 8 | type`, the u32 number of a slot,
 * then the payload. Both ends are on one machine, and every machine the runner knows is little-endian.
 */
export const toRunner = { execute: 1, stdin: 2, stdinEnd: 3, kill: 4, taken: 5 } as const;
export const fromRunner = { stdout: 2, stderr: 3, credit: 4, exit: 5, refused: 6 } as const;

/** So many bytes of stdin may be on their way; CREDIT frames give room back. Equals STDIN_WINDOW in slot.h. */
export const stdinWindow = 256 * 1024;
/** The runner sends so many bytes of output; TAKEN frames give it room back. Equals OUTPUT_WINDOW in slot.h. */
export const outputWindow = 256 * 1024;
/** Longest payload the runner accepts. Equals MOST_FRAME in slot.h. */
export const frameLimit = 256 * 1024;

const headerSize = 8;
/** `struct limits` and the two counts, in front of the strings. */
const executeHeadSize = 5 * 8 + 6 * 4;
const reasons: readonly NativeReason[] = ['exit', 'signal', 'wall', 'cpu', 'memory', 'output', 'killed', 'spawn'];
const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]));

/** A frame with room for its payload, which begins at `payloadAt`. */
function newFrame(slot: number, type: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(headerSize + length);
  bytes.writeUInt32LE(((length << 8) | type) >>> 0, 0);
  bytes.writeUInt32LE(slot, 4);
  return bytes;
}
const payloadAt = headerSize;

export const emptyFrame = (slot: number, type: number): Buffer => newFrame(slot, type, 0);

export function dataFrame(slot: number, type: number, payload: Uint8Array): Buffer {
  const bytes = newFrame(slot, type, payload.length);
  bytes.set(payload, payloadAt);
  return bytes;
}

export function numberFrame(slot: number, type: number, value: number): Buffer {
  const bytes = newFrame(slot, type, 4);
  bytes.writeUInt32LE(value, payloadAt);
  return bytes;
}

/**
 * The frame that starts a run, or undefined when its arguments and environment are longer than a frame can be. `hasInput` says that
 * frames with its standard input will follow.
 */
export function executeFrame(
  slot: number,
  { program, argv, env, limits, interpreter = 0, processes = false, connects = false }: NativeRequest,
  hasInput: boolean,
): Buffer | undefined {
  const strings = [program, ...argv];
  for (const name in env) strings.push(`${name}=${env[name]}`);
  if (argv.length === 0 || strings.length > 4000 || strings.some((text) => text.includes('\0'))) return undefined;
  const text = `${strings.join('\0')}\0`;
  const length = executeHeadSize + Buffer.byteLength(text);
  if (length > frameLimit) return undefined;
  const bytes = newFrame(slot, toRunner.execute, length);
  let at = payloadAt;
  for (const most of [limits.memoryBytes, limits.cpuMs, limits.wallMs, limits.outputBytes, limits.errorBytes]) {
    const whole = Math.max(0, Math.ceil(most));
    at = bytes.writeUInt32LE(whole % 0x1_0000_0000, at);
    at = bytes.writeUInt32LE(Math.floor(whole / 0x1_0000_0000), at);
  }
  const permitted = (processes ? 1 : 0) | (connects ? 2 : 0);
  for (const number of [interpreter, permitted, hasInput ? 0 : 1, 0, argv.length, strings.length - 1 - argv.length])
    at = bytes.writeUInt32LE(number, at);
  bytes.write(text, at);
  return bytes;
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

/** Exact below 2^53: more than any of these amounts can be. */
const readUInt64 = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;

export function readExit(payload: Buffer): ExitReport {
  const reason = reasons[payload.readUInt32LE(0)] ?? 'killed';
  return {
    reason,
    exitCode: reason === 'exit' ? payload.readUInt32LE(4) : null,
    signal: signalNames.get(payload.readUInt32LE(8)) ?? null,
    step: payload.readUInt32LE(12),
    errno: payload.readUInt32LE(16),
    wallUs: readUInt64(payload, 24),
    cpuUs: readUInt64(payload, 32),
    maxRssBytes: readUInt64(payload, 40),
  };
}

/** Cuts a byte stream into frames. Payloads are views, valid during the callback only as long as the chunk is. */
export function frameReader(onFrame: (slot: number, type: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headerSize) {
      const header = bytes.readUInt32LE(at);
      const end = at + headerSize + (header >>> 8);
      if (end > bytes.length) break;
      onFrame(bytes.readUInt32LE(at + 4), header & 0xff, bytes.subarray(at + headerSize, end));
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
