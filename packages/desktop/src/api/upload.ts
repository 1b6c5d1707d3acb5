import { ApiError } from './error.ts';
import { errorOf, readAnswer, unreachable, type Shape } from './request.ts';

export type UploadOptions<T> = {
  shape: Shape<T>;
  path: string;
  body: Blob;
  /** Bytes that left this browser so far. */
  onProgress?: (sentBytes: number) => void;
  signal?: AbortSignal;
};

/** PUTs bytes with progress, which only XMLHttpRequest tells. Errors: ApiError, and AbortError when the signal fires. */
export function uploadBytes<T>({ shape, path, body, onProgress, signal }: UploadOptions<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    if (signal?.aborted) return reject(aborted());
    signal?.addEventListener('abort', abort, { once: true });
    request.open('PUT', path);
    request.setRequestHeader('x-requested-by', 'freehold');
    request.setRequestHeader('content-type', body.type || 'application/octet-stream');
    request.upload.onprogress = (event) => onProgress?.(event.loaded);
    request.onabort = () => reject(aborted());
    // A node that refuses early (too large, no room) closes the connection, which a browser reports as a network error.
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      try {
        if (request.status >= 200 && request.status < 300) resolve(readAnswer(shape, request.responseText));
        else reject(errorOf(request.status, request.responseText));
      } catch (error) {
        reject(
          error instanceof Error ? error : new ApiError('bad_answer', 502, 'The node answered in a way this page does not understand.'),
        );
      }
    };
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.send(body);
  });
}

const aborted = () => new DOMException('The upload was cancelled', 'AbortError');
