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
  const inMilliseconds = (name: string, help: string) =>
    new Histogram({ name, help, buckets: [1, 5, 10, 25, 50, 100, 250, 1000], registers });
  /** Names of seed 000. */
  const wallets = {
    dstack: inMilliseconds('dstack_getKey_latency_ms', 'Time until the key service has derived a key, with the keeper'),
    sign: inMilliseconds('sign_latency_ms', 'Time of one signature with a wallet of the node'),
    verify: inMilliseconds('verify_latency_ms', 'Time of one verification'),
  };
  const walletCalls = {
    signup: new Counter({ name: 'signup_total', help: 'People who signed up', registers }),
    sign: new Counter({ name: 'sign_total', help: 'Signatures with wallets of the node', registers }),
    verify: new Counter({ name: 'verify_total', help: 'Signatures verified', registers }),
  };
  /** Finding the row of three labels costs more than the rest. */
  const rows = new Map<string, ReturnType<typeof requests.labels>>();
  const rowOf = (labels: { route: string; method: string; status: number }) => {
    const key = `${labels.method} ${labels.status} ${labels.route}`;
    const known = rows.get(key);
    if (known) return known;
    const row = requests.labels({ ...labels, status: String(labels.status) });
    rows.set(key, row);
    return row;
  };
  const tasks = new Counter({ name: 'tasks_total', help: 'Calls of functions by outcome', labelNames: ['outcome'], registers });
  const sales = new Counter({ name: 'sales_total', help: 'Settled payments', registers });
  return {
    contentType: registry.contentType,
    async text() {
      const text = await registry.metrics();
      return `${text}${inMillisecondsToo(text)}`;
    },
    request: (labels: { route: string; method: string; status: number }, seconds: number) => rowOf(labels).observe(seconds),
    task: (outcome: 'ran' | 'cached' | 'failed') => tasks.inc({ outcome }),
    sale: () => sales.inc(),
    walletCall: (what: 'signup' | 'sign' | 'verify') => walletCalls[what].inc(),
    walletTime: (what: 'dstack' | 'sign' | 'verify', ms: number) => wallets[what].observe(ms),
    stop: () => registry.clear(),
  };
}

const seconds = 'http_request_duration_seconds';

/** The durations of requests once more under the name that seed 000 has for them, in milliseconds. */
function inMillisecondsToo(text: string): string {
  const times1000 = (value: string) => (value === '+Inf' ? value : String(Math.round(Number(value) * 1e9) / 1e6));
  return text
    .split('\n')
    .filter((line) => line.includes(seconds))
    .map((line) =>
      `${line}\n`
        .replace(seconds, 'http_request_duration_ms')
        .replace(/\ble="([^"]+)"/, (_, bound: string) => `le="${times1000(bound)}"`)
        .replace(/^(http_request_duration_ms_sum\{.*\}) (\S+)/, (_, name: string, sum: string) => `${name} ${times1000(sum)}`),
    )
    .join('');
}
