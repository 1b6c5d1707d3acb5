import type { ServerResponse } from 'node:http';

/** Aborted when the connection ends before the answer does. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const onClose = () => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) onClose();
  else response.once('close', onClose);
  return gone.signal;
}
