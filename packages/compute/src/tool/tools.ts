import { canonicalJson, defaultLimits, type Limits, type Offer, type ToolProposal } from '@freehold/protocol';
import type { FunctionRequest } from '../cgi/environment.ts';
import type { FunctionResponse } from '../cgi/response.ts';
import type { Engine, ProgramKind, Run, RunResult } from '../engine.ts';
import { ComputeError } from '../error.ts';
import { runOf, type Plan } from '../identify.ts';
import { wholeInput, type Input } from '../input.ts';
import type { CallableOffer } from '../offers.ts';
import type { ProgramRow } from '../store.ts';
import { outputResponse, refusalResponse } from './answer.ts';
import { readDescription } from './description.ts';
import { faultOfExample } from './example.ts';
import { openProgressReader, type OnProgress } from './progress.ts';
import type { Schemas } from './schemas.ts';
import { mayBeWarm, type WarmTools } from './warm-tools.ts';

export type ToolOptions = {
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  /** Not by a program that is kept running. */
  fresh?: boolean;
};

/** What came of a call: an answer (also a refusal of the tool's own), what was wrong with it, or nothing that the contract knows. */
export type ToolAnswer = { response: FunctionResponse } | { fault: string } | undefined;

export type Tools = ReturnType<typeof openTools>;

const describing: Limits = { ...defaultLimits, memoryBytes: 256 * 1024 * 1024, outputBytes: 256 * 1024 };
const speaks: ReadonlySet<ProgramKind> = new Set(['native', 'dynamic', 'script', 'javascript', 'wasi', 'component']);
const anything = {};
/** A larger input is streamed to a program of its own, and never as a whole in memory. */
const mostWarmInput = 1024 * 1024;

/** The contract `tool/1` (docs/tools.md): programs that describe themselves, and take and answer one JSON value. */
export function openTools({
  schemas,
  run,
  plan,
  seedOf,
  warm,
}: {
  schemas: Schemas;
  run: Engine['run'];
  /** Turns a call into what would be run. */
  plan: (call: { call: CallableOffer; request: FunctionRequest; input: Buffer }) => Plan;
  /** The seed of a task of a deterministic function. */
  seedOf: (plan: Plan, task: string) => Uint8Array | undefined;
  warm: WarmTools;
}) {
  /** Runs a task of a tool: by a program that is kept running, where it may be and there is room, else by a fresh one. */
  async function execute(made: Plan, task: string, { signal, onProgress, fresh = false }: ToolOptions): Promise<RunResult> {
    if (!fresh && mayBeWarm(made) && made.input.size <= mostWarmInput) {
      const result = await warm.call(made, { id: task, input: await wholeInput(made.input), signal, onProgress });
      if (result) return result;
    }
    const env = { ...made.run.env, TOOL_CALL_ID: task };
    const told = onProgress && openProgressReader(onProgress);
    const result = await run({ ...made.run, env, seed: seedOf(made, task) }, made.input.read(), {
      ...(signal && { signal }),
      ...(told && { onStderr: told.push }),
    });
    return told ? { ...result, stderr: told.stderr() } : result;
  }

  async function answer(made: Plan, result: RunResult): Promise<ToolAnswer> {
    const refused = refusalResponse(result);
    if (refused) return { response: refused };
    if (result.reason !== 'exit' || result.exitCode !== 0) return undefined;
    const fault = await schemas.faultOf(made.call.offer.tool?.outputSchema ?? anything, result.stdout);
    if (fault === undefined) return { response: outputResponse(result.stdout) };
    return { fault: `Its output does not fit what it promises: ${fault}.` };
  }

  /** Asks a program what it is. Errors: `program_refused` with what it did instead of saying so. */
  async function describe(program: ProgramRow, { args = [], env = {} }: Pick<Offer, 'args' | 'env'>): Promise<ToolProposal> {
    if (!speaks.has(program.kind))
      throw refused('A WebAssembly module whose exports are called cannot be a tool. Build it as a WASI command, or offer it as "cgi".');
    const base: Omit<Run, 'args'> = {
      ...runOf(program),
      entry: null,
      env,
      limits: describing,
      seed: undefined,
    };
    let why = '';
    for (const flag of ['--mcp-describe', '--mcp-schema']) {
      const result = await run({ ...base, args: [...args, flag] }, Buffer.alloc(0), {});
      const said = result.reason === 'exit' && result.exitCode === 0 ? readDescription(result.stdout) : endOf(result);
      if (typeof said !== 'string') return said;
      why ||= said;
    }
    throw refused(`Asked with --mcp-describe what it is, the program did not say: ${why}. The contract is in docs/tools.md.`);
  }

  return {
    describe,
    execute,
    answer,

    /** Errors: `request_invalid` for a call that the tool does not take. Nothing has run or been paid for then. */
    async admit({ call: { offer }, request, input }: { call: CallableOffer; request: FunctionRequest; input: Input }): Promise<void> {
      if (request.method !== 'POST')
        throw new ComputeError('request_invalid', 405, 'Call a tool with POST and one JSON value as the body; GET describes it.');
      if (request.path !== '' || request.query !== '')
        throw new ComputeError('request_invalid', 404, 'A tool has one address: send what it shall know in the JSON body.');
      const bytes = input.read();
      const fault = await schemas.faultOf(
        offer.tool?.inputSchema ?? anything,
        bytes instanceof Uint8Array ? bytes : () => wholeInput(input),
      );
      if (fault !== undefined)
        throw new ComputeError(
          'request_invalid',
          400,
          `The input does not fit ${offer.name}: ${fault}. GET the same address for its schema.`,
        );
    },

    /** Before an offer goes live: the program says of itself what the offer says, and every example comes true. Errors: `offer_invalid`. */
    async prove(call: CallableOffer): Promise<void> {
      const { offer, program } = call;
      const { tool } = offer;
      if (!tool) throw invalid('An offer of a tool needs "tool": what POST /api/programs/{cid}/describe answers.');
      if (offer.vary) throw invalid('No header reaches a tool: leave "vary" out.');
      const said = await describe(program, offer);
      for (const field of ['title', 'description', 'inputSchema', 'outputSchema', 'examples', 'annotations', 'stream'] as const) {
        if (canonicalJson(tool[field] ?? null) !== canonicalJson(said.tool[field] ?? null))
          throw invalid(`The offer says another "${field}" than the program itself. Ask the program again and sign what it says.`);
      }
      for (const [name, schema] of Object.entries({ inputSchema: tool.inputSchema, outputSchema: tool.outputSchema })) {
        const refusal = schema && (await schemas.refusalOf(schema));
        if (refusal !== undefined) throw invalid(`Its "${name}" cannot be used: ${refusal}.`);
      }
      for (const [index, example] of (tool.examples ?? []).entries()) {
        const input = Buffer.from(JSON.stringify(example.input));
        const wrong = await schemas.faultOf(tool.inputSchema, input);
        if (wrong !== undefined) throw invalid(`Example ${index + 1} does not fit its own inputSchema: ${wrong}.`);
        const made = plan({ call, request: exampleRequest, input });
        // What is kept running must answer as a fresh one does.
        for (const fresh of mayBeWarm(made) ? [true, false] : [true]) {
          const result = await execute(made, made.requestId(), { fresh });
          const fault = faultOfExample(example, await answer(made, result), result);
          if (fault !== undefined)
            throw invalid(`Example ${index + 1} did not come true in the sandbox${fresh ? '' : ' (--mcp-stream)'}. ${fault}`);
        }
      }
    },
  };
}

const exampleRequest: FunctionRequest = {
  method: 'POST',
  path: '',
  query: '',
  headers: { 'content-type': 'application/json' },
  server: { name: 'localhost', port: '80', scheme: 'http' },
  remoteAddress: '127.0.0.1',
};

const invalid = (message: string) => new ComputeError('offer_invalid', 422, message);
const refused = (message: string) => new ComputeError('program_refused', 422, message);

/** How a run ended, for its author. */
function endOf({ reason, exitCode, message, stderr }: RunResult): string {
  const last = stderr.toString().trim().split('\n').at(-1) ?? '';
  const how = reason === 'exit' ? `it ended with code ${exitCode}` : `it was ended (${reason})${message === null ? '' : `: ${message}`}`;
  return last === '' ? how : `${how}, saying ${JSON.stringify(last.slice(0, 200))}`;
}
