/** Tries everything that the process which reads files must be unable to do, under exactly its arguments. Writes what was tried → the refusal, or ALLOWED. */
import { readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';

const result: Record<string, string> = {};
async function attempt(name: string, act: () => unknown) {
  try {
    await act();
    result[name] = 'ALLOWED';
  } catch (error) {
    result[name] = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

const [, , secret = '', port = ''] = process.argv;
await attempt('read its own code', () => readFileSync(new URL('../derive/words.ts', import.meta.url)));
await attempt('write a file', () => writeFileSync(`${secret}.new`, 'x'));
await attempt('write to the folder for temporary files', () => writeFileSync('/tmp/freehold-reader-probe', 'x'));
await attempt('read the data directory', () => readFileSync(secret));
await attempt('list /', () => readdirSync('/'));
await attempt('read /etc/passwd', () => readFileSync('/etc/passwd'));
await attempt('read its own environment', () => readFileSync('/proc/self/environ'));
await attempt('start a program', async () => (await import('node:child_process')).execFileSync('/bin/true'));
for (const name of [
  'net',
  'http',
  'https',
  'http2',
  'tls',
  'dgram',
  'dns',
  'dns/promises',
  'worker_threads',
  'inspector',
  'cluster',
  'sqlite',
  'wasi',
  'vm',
])
  await attempt(`import ${name}`, () => import(`node:${name}`));
await attempt('fetch', () => fetch(`http://127.0.0.1:${port}`));
await attempt('getBuiltinModule', () => process.getBuiltinModule('node:net').connect(Number(port), '127.0.0.1'));
await attempt('binding', () => Reflect.apply(Reflect.get(process, 'binding'), process, ['tcp_wrap']));
await attempt('eval', () => Reflect.construct(Function, ['return 1'])());
writeSync(1, JSON.stringify({ result, environment: Object.keys(process.env) }));
process.exit();
