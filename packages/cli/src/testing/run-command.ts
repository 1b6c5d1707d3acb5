import { mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { readSettings } from '../config.ts';
import { run } from '../run.ts';

export type Result = { code: number; stdout: string; stderr: string; bytes: Buffer };
export type Options = {
  env?: Record<string, string>;
  cwd?: string;
  stdin?: string | Buffer;
  onStdout?: (chunk: Buffer) => void;
  signal?: AbortSignal;
  /** What a person types when asked for something hidden. */
  typed?: string[];
};

/** A directory of its own for one test, with `home` inside; gone when the test ends. */
export function openTestDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'freehold-cli-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs a command in this process, as a shell would in `dir`: nothing of the person's own settings is seen. */
export async function runCommand(
  argv: string[],
  { dir, env = {}, cwd = dir, stdin = '', onStdout, signal, typed = [] }: Options & { dir: string },
): Promise<Result> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const collect = (into: Buffer[], also?: (chunk: Buffer) => void) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        into.push(Buffer.from(chunk));
        also?.(chunk);
        done();
      },
    });
  const code = await run(argv, {
    settings: readSettings({ PATH: process.env['PATH'] ?? '', HOME: join(dir, 'home'), ...env }),
    cwd,
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: collect(out, onStdout),
    stderr: collect(err),
    ask: async () => typed.shift(),
    now: Date.now,
    random: (bytes) => randomBytes(bytes),
    signal: signal ?? new AbortController().signal,
  });
  const bytes = Buffer.concat(out);
  return { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() };
}

/** `freehold up` in this process, with its data in `dir`; whoever starts it ends it. Throws what it said when it did not start. */
export async function startNode(dir: string): Promise<{ url: string; testMoney: boolean; claimCode: string; end: () => Promise<Result> }> {
  const ending = new AbortController();
  const started = Promise.withResolvers<string>();
  const node = runCommand(['up', '--port', '0', '--data', 'data', '--json'], {
    dir,
    signal: ending.signal,
    onStdout: (chunk) => started.resolve(chunk.toString()),
  });
  const first = await Promise.race([started.promise, node]);
  if (typeof first !== 'string') throw new Error(first.stderr);
  return {
    ...JSON.parse(first),
    end() {
      ending.abort('SIGTERM');
      return node;
    },
  };
}
