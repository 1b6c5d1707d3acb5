import type { FreeholdError } from '@freehold/protocol';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';

export type Reports = ReturnType<typeof openReports>;

/** What the log and the metrics hear of each request, whichever way it went. */
export function openReports({ log, metrics }: { log: Log; metrics: () => Metrics }) {
  return {
    answered({
      id,
      method,
      route,
      status,
      elapsedMs,
    }: {
      id: string;
      method: string;
      route: string;
      status: number;
      elapsedMs: number;
    }): void {
      metrics().request({ route, method, status }, elapsedMs / 1000);
      log('http.request', { requestId: id, method, route, status, latencyMs: Math.round(elapsedMs * 10) / 10 });
    },

    /** Only of what we did not foresee. */
    failed({ id, route }: { id: string; route: string }, { status, code, cause }: FreeholdError): void {
      if (status < 500 || code !== 'internal') return;
      log('http.failed', { requestId: id, route, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
    },
  };
}
