import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { version } from './version.ts';

export type Metrics = ReturnType<typeof openMetrics>;

/** Prometheus metrics. Labels are route templates and closed sets of words, never anything that a caller chooses. */
export function openMetrics({ activeTasks }: { activeTasks: () => number }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({ name: 'build_info', help: 'The running version', labelNames: ['version'], registers }).set({ version }, 1);
  new Gauge({
    name: 'tasks_active',
    help: 'Tasks that run now',
    registers,
    collect() {
      this.set(activeTasks());
    },
  });
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of the answer',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers,
  });
  const tasks = new Counter({ name: 'tasks_total', help: 'Calls of functions by outcome', labelNames: ['outcome'], registers });
  const sales = new Counter({ name: 'sales_total', help: 'Settled payments', registers });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request: (labels: { route: string; method: string; status: number }, seconds: number) => requests.observe(labels, seconds),
    task: (outcome: 'ran' | 'cached' | 'failed') => tasks.inc({ outcome }),
    sale: () => sales.inc(),
    stop: () => registry.clear(),
  };
}
