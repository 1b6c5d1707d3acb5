import { z } from 'zod';
import { openLineReader } from './line-reader.ts';

/** How far a tool says it is, from 0 to 1. */
export type Progress = { progress: number; message?: string };
export type OnProgress = (progress: Progress) => void;

const line = z.object({ progress: z.number().min(0).max(1), message: z.string().max(1000).optional() });

/** What a line of standard error, or of the stream, says of progress; undefined for every other line. */
export function readProgress(value: unknown): Progress | undefined {
  const parsed = line.safeParse(value);
  if (!parsed.success) return undefined;
  const { progress, message } = parsed.data;
  return { progress, ...(message !== undefined && { message }) };
}

const mostStderr = 64 * 1024;
const mostLine = 4096;

/** Reads standard error as it comes, and keeps it. */
export function openProgressReader(onProgress: OnProgress) {
  const kept: Buffer[] = [];
  let lines = openReader();
  function openReader() {
    return openLineReader({
      most: () => mostLine,
      onLine(line) {
        const progress = line[0] === 0x7b ? parse(line) : undefined;
        if (progress) onProgress(progress);
      },
    });
  }
  return {
    push(chunk: Buffer): void {
      kept.push(chunk);
      if (!lines.push(chunk)) lines = openReader();
    },
    stderr: () => Buffer.concat(kept).subarray(0, mostStderr),
  };
}

function parse(text: Buffer): Progress | undefined {
  try {
    return readProgress(JSON.parse(text.toString()));
  } catch {
    return undefined;
  }
}
