import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { release } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from '../context.ts';
import { formatSize } from '../units.ts';
import type { Finding, Probe } from './probe.ts';

const oldestNode = 24;
/** The first curl with `--output-dir`, which keeps a demand for payment out of the file named with `-o`. */
const oldestCurl = [7, 73] as const;
const littleSpace = 1024 ** 3;
const leastSpace = 256 * 1024 ** 2;

/** What must be true of the machine before a node is started on it. */
export function machineProbes({ settings }: Pick<Context, 'settings'>, { port, dataDir }: { port: number; dataDir: string }): Probe[] {
  const environment = { ...settings.childEnvironment };
  return [
    { name: 'node.js', ask: async () => nodeRuntime() },
    { name: 'system', ask: async () => system() },
    { name: 'compiler', ask: async () => compiler(settings.variable('PATH') ?? '') },
    { name: 'curl', ask: () => curl(environment) },
    { name: 'data', ask: () => dataDirectory(dataDir) },
    { name: 'key', ask: async () => keyFile(settings.keyFile) },
    { name: 'port', ask: () => portIsFree(port) },
  ];
}

function nodeRuntime(): Finding {
  const isNew = Number.parseInt(process.versions.node) >= oldestNode;
  const message = `Node ${process.versions.node}`;
  return isNew
    ? { state: 'ok', message }
    : { state: 'fail', message, fix: `Node ${oldestNode} or newer is needed: run ./freehold or npm start, which bring their own.` };
}

function system(): Finding {
  const message = `${process.platform} ${process.arch}, kernel ${release()}`;
  if (process.platform !== 'linux')
    return { state: 'warn', message, fix: 'Functions need Linux (a virtual machine will do); the desktop and the files work here.' };
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return { state: 'warn', message, fix: 'Functions need x64 or arm64; the desktop and the files work here.' };
  return { state: 'ok', message };
}

function compiler(path: string): Finding {
  if (process.platform !== 'linux') return { state: 'ok', message: 'not needed on this system' };
  const found = path
    .split(delimiter)
    .map((dir) => join(dir, 'cc'))
    .find((file) => existsSync(file));
  if (found) return { state: 'ok', message: found };
  return {
    state: 'warn',
    message: 'no C compiler: the prebuilt sandbox is used if it fits this version',
    fix: 'sudo apt install gcc libc6-dev   (Alpine: apk add gcc musl-dev)',
  };
}

async function curl(env: Record<string, string | undefined>): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)('curl', ['--version'], { encoding: 'utf8', env });
    const [, major = '0', minor = '0'] = /^curl (\d+)\.(\d+)/.exec(stdout) ?? [];
    const message = stdout.split(' ').slice(0, 2).join(' ');
    const isOld = Number(major) < oldestCurl[0] || (Number(major) === oldestCurl[0] && Number(minor) < oldestCurl[1]);
    return isOld
      ? {
          state: 'warn',
          message,
          fix: `freehold curl needs curl ${oldestCurl.join('.')} or newer to write paid answers to files: update curl.`,
        }
      : { state: 'ok', message };
  } catch {
    return { state: 'warn', message: 'curl is not installed: freehold curl cannot buy anything', fix: 'sudo apt install curl' };
  }
}

async function dataDirectory(shown: string): Promise<Finding> {
  let dir = shown;
  while (!existsSync(dir) && dirname(dir) !== dir) dir = dirname(dir);
  if (!statSync(dir).isDirectory())
    return { state: 'fail', message: `${dir} is not a directory`, fix: 'Name another one: freehold up --data DIR' };
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch {
    return { state: 'fail', message: `${dir} cannot be written to`, fix: 'Name a directory of yours: freehold up --data DIR' };
  }
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  const message = `${shown}, ${formatSize(free)} free`;
  if (free < leastSpace) return { state: 'fail', message, fix: 'Free some space, or name another disk: freehold up --data DIR' };
  return free < littleSpace
    ? { state: 'warn', message, fix: 'Free some space, or name another disk: freehold up --data DIR' }
    : { state: 'ok', message };
}

function keyFile(file: string): Finding {
  const status = statSync(file, { throwIfNoEntry: false });
  if (!status) return { state: 'warn', message: 'no key to sign or pay with', fix: `freehold key new --out ${file}` };
  if (process.platform !== 'win32' && (status.mode & 0o077) !== 0)
    return { state: 'fail', message: `${file} can be read by others`, fix: `chmod 600 ${file}` };
  return { state: 'ok', message: file };
}

async function portIsFree(port: number): Promise<Finding> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<Finding>();
  server.once('error', (error: NodeJS.ErrnoException) =>
    resolve(
      error.code === 'EADDRINUSE'
        ? {
            state: 'warn',
            message: `port ${port} is taken (by this node, if it is running)`,
            fix: `Use another: freehold up --port ${port + 1}`,
          }
        : { state: 'fail', message: `port ${port} cannot be used: ${error.message}`, fix: 'Use one above 1023: freehold up --port 4200' },
    ),
  );
  server.listen(port, '127.0.0.1', () => server.close(() => resolve({ state: 'ok', message: `port ${port} is free` })));
  return promise;
}
