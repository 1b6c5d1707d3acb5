/**
 * Tries everything that the process holding the key must be unable to do, under exactly the arguments of the keeper.
 * Writes one JSON object: what was tried → the code or the words of the refusal, or ALLOWED.
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';

const result: Record<string, string> = {};

async function attempt(name: string, act: () => unknown) {
  try {
    await act();
    result[name] = 'ALLOWED';
  } catch (error) {
    result[name] = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

const [, , target = '', port = '', secret = ''] = process.argv;
await attempt('write a file', () => writeFileSync(target, 'x'));
await attempt('write to the system folder for temporary files', () => writeFileSync('/tmp/freehold-keeper-probe', 'x'));
await attempt('read /etc/passwd', () => readFileSync('/etc/passwd'));
await attempt('read the data directory', () => readFileSync(secret));
await attempt('read its own environment', () => readFileSync('/proc/self/environ'));
for (const name of [
  'child_process',
  'worker_threads',
  'inspector',
  'net',
  'http',
  'https',
  'http2',
  'tls',
  'dgram',
  'dns',
  'cluster',
  'module',
  'sqlite',
  'wasi',
  'repl',
]) {
  await attempt(`import ${name}`, () => import(`node:${name}`));
}
await attempt('fetch', () => fetch(`http://127.0.0.1:${port}`));
await attempt('WebSocket', () => (new WebSocket(`ws://127.0.0.1:${port}`).onerror = () => undefined));
await attempt('getBuiltinModule', () =>
  process
    .getBuiltinModule('node:net')
    .connect(Number(port), '127.0.0.1')
    .on('error', () => undefined),
);
await attempt('binding', () => Reflect.apply(Reflect.get(process, 'binding'), process, ['tcp_wrap']));
await attempt('eval', () => Reflect.construct(Function, ['return 1'])());
await attempt('heap snapshot', async () => (await import('node:v8')).writeHeapSnapshot());
await attempt('report', () => process.report.writeReport());

writeSync(1, JSON.stringify({ result, environment: Object.keys(process.env) }));
process.exit();
