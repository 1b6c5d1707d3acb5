import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunOptions, RunResult } from '../../engine.ts';
import { openJavaScriptPool, type JavaScriptJob } from '../../javascript/index.ts';
import { prepareRunner } from '../../native/index.ts';

export const testLimits = { wallMs: 10_000, cpuMs: 5000, memoryBytes: 64 << 20, outputBytes: 1 << 20 };

/** The variables of a request for a function of the web. */
export const webEnv = (more: Record<string, string> = {}): Record<string, string> => ({
  GATEWAY_INTERFACE: 'CGI/1.1',
  REQUEST_METHOD: 'GET',
  REQUEST_SCHEME: 'https',
  SERVER_NAME: 'node.example',
  SERVER_PORT: '443',
  PATH_INFO: '/',
  QUERY_STRING: '',
  ...more,
});

export type TestScripts = Awaited<ReturnType<typeof openTestScripts>>;

/** The real pool under the real sandbox, with the runner built into a temporary folder. */
export async function openTestScripts({ size = 2, user }: { size?: number; user?: number | undefined } = {}) {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'freehold-javascript-'));
  // Readable by whoever is to start the host processes.
  await chmod(cacheDirectory, 0o755);
  const log = () => undefined;
  const pool = await openJavaScriptPool({ runner: await prepareRunner({ cacheDirectory, log }), size, log, user });
  const run = (
    source: string,
    { input = '', options, ...more }: Partial<JavaScriptJob> & { input?: string | AsyncIterable<Uint8Array>; options?: RunOptions } = {},
  ): Promise<RunResult> =>
    pool.run(
      {
        program: source,
        read: async () => Buffer.from(source),
        kind: 'program',
        args: [],
        env: {},
        limits: testLimits,
        services: {},
        ...more,
      },
      typeof input === 'string' ? Buffer.from(input) : input,
      options,
    );
  return {
    pool,
    run,
    /** What the expression comes to, as JSON, in a module of its own. */
    async value(expression: string, more: Parameters<typeof run>[1] = {}): Promise<unknown> {
      const { reason, stdout, stderr, message } = await run(
        `export default async () => ({ value: await (async () => (${expression}))() });`,
        more,
      );
      if (reason !== 'exit' || stdout.length === 0) throw new Error(`${reason} ${message} ${stderr.toString()}`);
      return JSON.parse(stdout.toString()).value;
    },
    async close() {
      await pool.stop();
      await rm(cacheDirectory, { recursive: true });
    },
  };
}
