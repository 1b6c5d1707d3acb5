import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Never the default place under the shared temporary directory: what lies in the cache is run. `./freehold` sets it before this file is read.
enableCompileCache(join(homedir(), '.cache', 'freehold', 'compile'));
const { randomBytes } = await import('node:crypto');
const { readSettings } = await import('./config.ts');
const { run } = await import('./run.ts');

// Reading `freehold … | head` to its end is not ours to insist on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ending.abort(name));

const code = await run(process.argv.slice(2), {
  settings: readSettings(),
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  ask: async (question) => (await import('./key/ask-hidden.ts')).askHidden(question),
  now: Date.now,
  random: (bytes) => randomBytes(bytes),
  signal: ending.signal,
});
// Set, not forced: what is still being written to a pipe is written.
process.exitCode = code;
process.stdin.unref?.();
