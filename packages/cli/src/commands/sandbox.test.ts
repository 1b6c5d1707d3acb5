import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { runCommand } from '../testing/run-command.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'freehold-cli-sandbox-'));
});
after(() => rm(directory, { recursive: true, force: true }));

async function script(text: string): Promise<string> {
  const file = join(directory, `${Math.random().toString(36).slice(2)}.sh`);
  await writeFile(file, `#!/bin/sh\n${text}`);
  return file;
}

test('a program runs as a node would run it: its output, its code, what it used and what it was denied', async () => {
  verifies('compute.sandbox.command');
  const file = await script('echo "hello $1 $GREETING"\numask 0\nexit 3\n');
  const { code, stdout, stderr } = await runCommand(['sandbox', '--env', 'GREETING=hi', file, 'world'], { dir: directory });
  assert.deepEqual([code, stdout], [3, 'hello world hi\n']);
  assert.match(stderr, /program +script \(sh\), confined by namespaces/);
  assert.match(stderr, /ended +by itself, exit code 3/);
  assert.match(stderr, /memory +.* of 64 MiB/);
});

test('a stopped program is named, and the report comes as JSON', async () => {
  verifies('compute.sandbox.command');
  const file = await script('while :; do :; done\n');
  const { code, stdout } = await runCommand(['sandbox', '--json', '--cpu', '200ms', file], { dir: directory });
  const { kind, runtime, result, limits } = JSON.parse(stdout);
  assert.deepEqual([code, kind, runtime, result.reason, limits.cpuMs], [125, 'script', 'sh', 'cpu', 200]);
});

test('what is refused by the sandbox is told by its name', async () => {
  verifies('compute.sandbox.command');
  const file = await script('command -v chmod >/dev/null && exec chmod 777 /usr\n');
  const { code, stderr } = await runCommand(['sandbox', file], { dir: directory });
  assert.notEqual(code, 0);
  assert.match(stderr, /denied +(fchmodat|fchmodat2|system call \d+) \((EROFS|ENOSYS)\)/);
});

test('processes and sockets that it was not permitted are told, too', async () => {
  verifies('compute.sandbox.command');
  const file = await script('(exit 0) | (exit 0)\necho here\n');
  const { stdout, stderr } = await runCommand(['sandbox', file], { dir: directory });
  assert.match(stderr, /denied +.*\b(clone|fork|vfork) \(EPERM\)/);
  assert.notEqual(stdout, 'here\n');
  const permitted = await runCommand(['sandbox', '--processes', file], { dir: directory });
  assert.equal(permitted.stdout, 'here\n');
  assert.doesNotMatch(permitted.stderr, /clone|fork/);
});

test('what is no program, or not there, is told in a sentence', async () => {
  verifies('compute.sandbox.command');
  const text = join(directory, 'text');
  await writeFile(text, 'just text');
  const refused = await runCommand(['sandbox', text], { dir: directory });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /taken for a JavaScript module\. It is no JavaScript module that can be run: .* A program is a WebAssembly module, a Linux executable/,
  );
  const missing = await runCommand(['sandbox', join(directory, 'none')], { dir: directory });
  assert.match(missing.stderr, /cannot be read/);
  assert.equal((await runCommand(['sandbox', '--env', 'x', text], { dir: directory })).code, 2);
});
