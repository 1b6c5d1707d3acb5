import { fileUpload } from '@freehold/protocol';
import { ApiError, isAbort } from './error.ts';
import { nothing, type Request, type Shape } from './request.ts';
import type { UploadOptions } from './upload.ts';

/** From this size on a file travels in parts. */
export const inPartsFrom = 16 * 1024 * 1024;

/** Waits in milliseconds before a part is sent again: about five minutes in all, which a node that restarts and a train in a tunnel need. */
const waits = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000, 60_000, 120_000];
const etag: Shape<unknown> = { parse: (value) => value };

export type PartsOptions<T> = {
  shape: Shape<T>;
  request: Request;
  sendPart: (options: UploadOptions<unknown>) => Promise<unknown>;
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  target: { parent: string; name: string; onConflict: 'fail' | 'replace' | 'rename' };
  file: File;
  onProgress: (sentBytes: number) => void;
  signal: AbortSignal;
};

/**
 * Uploads a large file in parts, going on where an earlier try has stopped, also one before a reload of the page: the node knows the
 * file again by its name, size and time. A lost connection is waited out. Errors: ApiError; AbortError, after which nothing stays.
 */
export async function uploadInParts<T>({
  shape,
  request,
  sendPart,
  sleep = sleeping,
  target,
  file,
  onProgress,
  signal,
}: PartsOptions<T>): Promise<T> {
  const begun = await request(fileUpload, '/api/drive/uploads', {
    method: 'POST',
    body: {
      ...target,
      size: file.size,
      fingerprint: String(file.lastModified),
      ...(mediaTypeOf(file) && { mediaType: mediaTypeOf(file) }),
    },
    signal,
  });
  const path = `/api/drive/uploads/${encodeURIComponent(begun.id)}`;
  const has = new Set(begun.received);
  const sizeOf = (number: number) => Math.min(begun.partSize, file.size - (number - 1) * begun.partSize);
  let sent = begun.received.reduce((sum, number) => sum + sizeOf(number), 0);
  onProgress(sent);

  async function send(number: number): Promise<void> {
    const start = (number - 1) * begun.partSize;
    const body = file.slice(start, start + sizeOf(number));
    await sendPart({ shape: etag, path: `${path}/parts/${number}`, body, signal, onProgress: (bytes) => onProgress(sent + bytes) });
    sent += body.size;
    onProgress(sent);
  }

  try {
    for (let number = 1; number <= begun.partCount; number++) {
      if (!has.has(number)) await retrying(() => send(number), { sleep, signal });
    }
    const { onConflict } = target;
    return await retrying(() => request(shape, `${path}/complete`, { method: 'POST', body: { onConflict }, signal }), { sleep, signal });
  } catch (error) {
    if (isAbort(error)) await request(nothing, path, { method: 'DELETE' }).catch(() => {});
    throw error;
  }
}

async function retrying<T>(
  work: () => Promise<T>,
  { sleep, signal }: { sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>; signal: AbortSignal },
): Promise<T> {
  for (const wait of waits) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await sleep(wait, signal);
    }
  }
  return work();
}

/** No answer, a node that is stopping, or a part that broke off on the way. */
const isPassing = (error: unknown) => error instanceof ApiError && ['unreachable', 'drive_stopping'].includes(error.code);

const mediaTypeOf = ({ type }: File) => (/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : undefined);

function sleeping(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = new DOMException('The upload was cancelled', 'AbortError');
    if (signal.aborted) return reject(cancelled);
    const stop = () => {
      clearTimeout(timer);
      reject(cancelled);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', stop, { once: true });
  });
}
