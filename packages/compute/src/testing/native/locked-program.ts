// Runs behind the launcher (locked.test.ts): tries what it may and what it must not, and prints the outcomes as JSON.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

const [program = '', secret = '', parent = ''] = process.argv.slice(1);
const outcome: Record<string, string> = { environment: Object.keys(process.env).sort().join() };
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error));
const attempt = (name: string, action: () => unknown) => {
  try {
    action();
    outcome[name] = 'ok';
  } catch (error) {
    outcome[name] = codeOf(error);
  }
};
/** For what answers by an event. */
const attemptLater = (name: string, start: (settle: (error?: unknown) => void) => void) =>
  new Promise<void>((resolve) => {
    const settle = (error?: unknown) => {
      outcome[name] = error === undefined ? 'ok' : codeOf(error);
      resolve();
    };
    try {
      start(settle);
    } catch (error) {
      settle(error);
    }
  });

attempt('own', () => readFileSync(program));
attempt('passwd', () => readFileSync('/etc/passwd'));
attempt('secret', () => readFileSync(secret));
attempt('neighbours', () => {
  // Without Landlock the folders above our own exist, and hold nothing but the way to it.
  if (!readdirSync(dirname(secret)).includes(basename(secret))) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
});
attempt('write', () => writeFileSync(join(dirname(program), 'escape'), ''));
attempt('writeTemporary', () => writeFileSync('/tmp/freehold-escape', ''));
attempt('mkdir', () => mkdirSync('/tmp/freehold-escape'));
attempt('unlink', () => unlinkSync(program));
attempt('chmod', () => chmodSync(program, 0o777));
attempt('utimes', () => utimesSync(program, 1, 1));
attempt('kill', () => process.kill(Number(parent), 0));
attempt('wasm', () => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])));
await attemptLater('worker', (settle) => {
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true });
  worker.on('message', () => settle()).on('error', settle);
});
await attemptLater('spawn', (settle) => {
  spawn('/bin/sh', ['-c', 'exit 0'])
    .on('spawn', () => settle())
    .on('error', settle);
});
await attemptLater('connect', (settle) => {
  connect(80, '127.0.0.1')
    .on('connect', () => settle())
    .on('error', settle);
});
await attemptLater('listen', (settle) => {
  createServer()
    .on('error', settle)
    .listen(0, '127.0.0.1', () => settle());
});
process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
