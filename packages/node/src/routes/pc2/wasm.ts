import type { Compute } from '@freehold/compute';
import type { Drive } from '@freehold/drive';
import { builtInPrograms, fileCounts, FreeholdError } from '@freehold/protocol';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { BuiltInPrograms } from '../../built-in-programs.ts';
import { driveMount } from '../../drive-mounts.ts';
import { actorOf } from '../../http/actor.ts';
import { callerOf, route, type Caller } from '../../http/route.ts';
import { readOwnProgram } from '../../own-programs.ts';
import { ownPath } from './own-path.ts';

const filePath = z.string().min(1).max(32_768);
const functionName = z.string().min(1).max(255).optional();
const args = z
  .array(z.union([z.number(), z.string().max(65_536), z.boolean()]))
  .max(1000)
  .default([]);
const auth_token = z.string().optional();
const operations = ['all', 'words', 'lines', 'chars'] as const;
/** A program in the body of `execute` is written out as base64 or as a list of bytes. */
const bodyLimit = 16 * 1024 * 1024;
const noInput = Buffer.alloc(0);

/** What PC2 calls its WebAssembly runtime. Paths are those of the caller's own drive, never of the machine. */
export const wasmRoutes = ({ drive, compute, builtIn }: { drive: Drive; compute: Compute; builtIn: BuiltInPrograms }) => {
  /** The file at a path of the own drive; where there is none, PC2's place for the programs that come with it. */
  async function programAt(caller: Caller, path: string): Promise<Buffer> {
    const target = { path: ownPath(path, caller.account.address) };
    try {
      return await readOwnProgram(drive, caller, target);
    } catch (error) {
      const [, name] = /^(?:\.?\/)?data\/wasm-apps\/([a-z-]+)\.wasm$/.exec(path) ?? [];
      const known = builtInPrograms.find((one) => one === name);
      if (known === undefined || !(error instanceof FreeholdError) || error.code !== 'entry_not_found') throw error;
      return builtIn(known);
    }
  }

  type Execution = {
    caller: Caller;
    bytes: Buffer;
    entry: string | undefined;
    args: readonly (string | number | boolean)[];
    signal: AbortSignal;
  };
  async function execute({ caller, bytes, entry, args, signal }: Execution) {
    const outcome = await compute.own.run({
      account: caller.account.address,
      bytes,
      entry,
      args: args.map(String),
      env: {},
      input: noInput,
      mounts: [],
      signal,
    });
    const target = compute.own.exports(bytes).find(({ name }) => name === entry);
    return said(outcome, (text) => (target && entry !== '_start' ? toResult(text, target.results) : text));
  }

  return [
    route({
      method: 'POST',
      path: '/api/wasm/execute-file',
      dialect: 'puter',
      policy: 'app',
      summary: 'PC2: run a program of the own drive: an export with numbers, or a WASI command with arguments',
      body: z.strictObject({ filePath, functionName, args, auth_token }),
      handle: (call) =>
        answer(call.reply, async () => {
          const caller = callerOf(call);
          const { filePath, functionName: entry, args } = call.body;
          return execute({ caller, bytes: await programAt(caller, filePath), entry, args, signal: call.signal });
        }),
    }),
    route({
      method: 'POST',
      path: '/api/wasm/execute',
      dialect: 'puter',
      policy: 'app',
      summary: 'PC2: run a program that comes in the request, as base64 or as a list of bytes',
      bodyLimit,
      body: z.strictObject({
        wasmBinary: z.union([z.string(), z.array(z.int().min(0).max(255))]),
        functionName,
        args,
        auth_token,
      }),
      handle: (call) =>
        answer(call.reply, async () => {
          const { wasmBinary, functionName: entry, args } = call.body;
          const bytes = typeof wasmBinary === 'string' ? Buffer.from(wasmBinary, 'base64') : Buffer.from(wasmBinary);
          return execute({ caller: callerOf(call), bytes, entry, args, signal: call.signal });
        }),
    }),
    route({
      method: 'GET',
      path: '/api/wasm/list-functions',
      dialect: 'puter',
      policy: 'app',
      summary: 'PC2: names of the exports of a program of the own drive',
      query: z.object({ filePath }),
      handle: (call) =>
        answer(call.reply, async () => {
          const exports = compute.own.exports(await programAt(callerOf(call), call.query.filePath));
          return { success: true, functions: exports.map(({ name }) => name) };
        }),
    }),
    route({
      method: 'POST',
      path: '/api/wasm/process-file',
      dialect: 'puter',
      policy: 'app',
      summary: 'PC2: words, lines and characters of a file of the own drive, counted by a WASI program',
      body: z.strictObject({ filePath, operation: z.enum(operations).default('all'), auth_token }),
      handle: (call) =>
        answer(call.reply, async () => {
          const caller = callerOf(call);
          const account = caller.account.address;
          const target = { path: ownPath(call.body.filePath, account) };
          const { entry } = await drive.as(actorOf(caller)).find(target, 'read');
          const outcome = await compute.own.run({
            account,
            bytes: await builtIn('file-processor'),
            args: [`data/${entry.name}`, call.body.operation],
            env: {},
            input: noInput,
            mounts: [driveMount(drive, actorOf(caller), { path: '/data', mode: 'read', target: { id: entry.id } })],
            signal: call.signal,
          });
          return said(outcome, (text) => fileCounts.parse(JSON.parse(text)));
        }),
    }),
    route({
      method: 'GET',
      path: '/api/wasm/stats',
      dialect: 'puter',
      policy: 'app',
      summary: 'PC2: programs that the caller runs at this moment',
      async handle(call) {
        const { running, waiting, most } = compute.own.load(callerOf(call).account.address);
        return { success: true, stats: { activeExecutions: running, queueLength: waiting, maxConcurrent: most } };
      },
    }),
  ];
};

/** PC2's clients look for `success` in every answer, also in a refusal. */
async function answer<Body extends { success: boolean }>(reply: FastifyReply, work: () => Promise<Body>) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FreeholdError)) throw error;
    reply.code(error.status);
    return { success: false, error: error.message, code: error.code };
  }
}

type Ran = { reason: string; exitCode: number | null; message: string | null; stdout: Buffer; stderr: Buffer };

/** What a run came to: a program that failed is an answer of PC2, not an error of HTTP. */
function said({ reason, exitCode, message, stdout, stderr }: Ran, resultOf: (text: string) => unknown) {
  if (reason === 'exit' && exitCode === 0) return { success: true, result: resultOf(stdout.toString()) };
  const told = stderr.toString().trim() || message;
  return {
    success: false,
    error: told ?? (reason === 'exit' ? `The program ended with code ${exitCode}.` : `The program was stopped: ${reason}.`),
  };
}

/** Numbers as JSON has them; those that it has not, and whole ones that it would round, as text. */
function toResult(text: string, types: readonly string[]): unknown {
  const values = types.length === 1 ? [text.replace(/\n$/, '')] : text.trim().split(' ');
  const results = types.map((type, index) => {
    const value = values[index] ?? '';
    const number = Number(value);
    const isNumber = /^[if]\d\d$/.test(type) && Number.isFinite(number) && (type.startsWith('f') || Number.isSafeInteger(number));
    return isNumber ? number : value;
  });
  return results.length > 1 ? results : (results[0] ?? null);
}
