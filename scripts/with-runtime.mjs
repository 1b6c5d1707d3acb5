// Runs on any Node >= 18 and imports nothing outside Node: makes the pinned runtime and the dependencies
// present, then hands over to the pinned runtime. `node_modules` is trusted when its copy of the lock file,
// written last, equals the lock file; so a killed install is noticed and done again.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockfile = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.installed-lock.json');
const guard = join(root, '.installing');
const oldestRuntime = 24;

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};
const isReady = () => read(stamp) === readFileSync(lockfile, 'utf8');
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Takes the guard file (which holds our pid); waits while a living process has it. */
function takeGuard() {
  for (let said = false; ; sleep(200)) {
    try {
      writeFileSync(guard, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(read(guard));
    if (holder && !isAlive(holder)) {
      rmSync(guard, { force: true });
      continue;
    }
    if (!said) console.error('Another set-up of this folder is running; waiting for it ...');
    said = true;
  }
}

function install() {
  takeGuard();
  try {
    if (isReady()) return;
    console.error('Setting up: installing the pinned runtime and dependencies (once, about a minute) ...');
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
    const npm = process.env.npm_execpath;
    const options = { cwd: root, stdio: ['ignore', 2, 2] };
    const { status, error } = npm?.endsWith('.js')
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
    if (status !== 0) {
      throw new Error(
        `Set-up failed: npm ci ended with ${status ?? error}. Nothing was started. Check the network (only this first set-up needs it) and run the command again.`,
      );
    }
    copyFileSync(lockfile, stamp);
  } finally {
    rmSync(guard, { force: true });
  }
}

/** The runtime that npm brought when it runs here (musl systems cannot run it), else this Node when it is new enough. */
function chooseRuntime() {
  const bundled = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(bundled) && spawnSync(bundled, ['-v']).status === 0) return bundled;
  return Number.parseInt(process.versions.node) >= oldestRuntime ? process.execPath : undefined;
}

try {
  if (!isReady()) install();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

const runtime = process.env.FREEHOLD_RUNTIME ?? chooseRuntime();
if (!runtime) {
  console.error(
    `Freehold needs Node ${oldestRuntime} or newer, and no runtime is published for ${process.platform}-${process.arch}. Install Node ${oldestRuntime} and run the command again.`,
  );
  process.exit(1);
}

const bin = join(root, 'node_modules', '.bin');
// A node stays small: few places to allocate from, and a young generation that is collected before it grows.
const child = spawn(runtime, ['--max-semi-space-size=2', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { MALLOC_ARENA_MAX: '1', ...process.env, PATH: bin + delimiter + process.env.PATH },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
