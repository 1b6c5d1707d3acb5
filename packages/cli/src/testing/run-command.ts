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
  { dir, env = {}, cwd = dir, stdin = '', onStdout, signal }: Options & { dir: string },
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
    now: Date.now,
    random: (bytes) => randomBytes(bytes),
    signal: signal ?? new AbortController().signal,
  });
  const bytes = Buffer.concat(out);
  return { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() };
}
