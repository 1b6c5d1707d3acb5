import { errorAnswer, statusOf, ToolError, type ErrorAnswer } from './error.ts';
import { startIfMain } from './main.ts';
import { parseWith, toJsonSchema, type AnySchema, type Infer, type InferReturned, type JsonValue } from './schema.ts';
import { serveTool } from './serve-tool.ts';

/** What a tool says of itself: the answer to `--mcp-describe` (contract `tool/1`, docs/tools.md). */
export type ToolDescription = {
  contract: 'tool/1';
  name: string;
  title?: string;
  description: string;
  inputSchema: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  examples?: readonly { input: JsonValue; output?: JsonValue }[];
  annotations?: Record<string, JsonValue>;
  stream?: boolean;
};

export type ToolDefinition<Input extends AnySchema, Output extends AnySchema> = {
  /** The name it is called by: a to z, 0 to 9 and -. */
  name: string;
  title?: string;
  /** What it does, for the people and models who choose it. */
  description: string;
  input: Input;
  output?: Output;
  /** Calls whose answers are known. The node runs each before the tool goes on sale. */
  examples?: readonly { readonly input: JsonValue; readonly output?: JsonValue }[];
  /** Hints for those who call, as MCP has them: `readOnlyHint`, `idempotentHint`, … */
  annotations?: Record<string, JsonValue>;
  /** True lets a node that runs it as a program keep it running between calls: then variables outlive a call. */
  stream?: boolean;
};

/** One call, as the tool's function sees it. */
export type ToolCall = {
  /** Id of the task on a Freehold node; empty where there is none. */
  id: string;
  /** How long it may take, in milliseconds; Infinity where nobody said. */
  deadlineMs: number;
  /** Aborted when the call is cancelled. */
  signal: AbortSignal;
  /** Tells the caller how far it is, from 0 to 1. */
  progress(fraction: number, message?: string): void;
};

export type Tool = {
  contract: 'tool/1';
  describe(): ToolDescription;
  /** The answer to one input. Never throws: what the tool throws becomes `error`. */
  call(input: unknown, call?: Partial<ToolCall>): Promise<{ output: unknown } | ErrorAnswer>;
  /** The tool over HTTP, for hosts that call the default export: GET describes, POST calls. */
  fetch(request: Request): Promise<Response>;
};

/**
 * A tool: a program that takes one JSON value and answers one. Export what `run` returns as the module's default.
 *
 * @example
 * export default tool({
 *   name: 'hello',
 *   description: 'Greets a person',
 *   input: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
 *   examples: [{ input: { name: 'Ada' }, output: 'Hello, Ada!' }],
 * }).run(async ({ name }) => `Hello, ${name}!`);
 */
export function tool<const Input extends AnySchema, const Output extends AnySchema>(definition: ToolDefinition<Input, Output>) {
  const { name, title, description, input: inputSchema, output: outputSchema, examples, annotations, stream } = definition;

  const describe = (): ToolDescription => ({
    contract: 'tool/1',
    name,
    ...(title !== undefined && { title }),
    description,
    inputSchema: toJsonSchema(inputSchema, 'input'),
    ...(outputSchema && { outputSchema: toJsonSchema(outputSchema, 'output') }),
    ...(examples && { examples }),
    ...(annotations && { annotations }),
    ...(stream !== undefined && { stream }),
  });

  return {
    /** Gives the tool what it does. A module that is the program itself starts to serve. */
    run(work: (input: Infer<Input>, call: ToolCall) => InferReturned<Output> | Promise<InferReturned<Output>>): Tool {
      const call: Tool['call'] = async (value, given = {}) => {
        try {
          const parsed = await parseWith(inputSchema, value);
          if ('fault' in parsed) throw new ToolError('invalid_input', `The input is not what ${name} takes: ${parsed.fault}.`);
          // The node, or the schema's own library, has checked that it is of this type.
          const output = await work(parsed.value as Infer<Input>, { ...unattended, ...given });
          if (!outputSchema) return { output: output ?? null };
          const checked = await parseWith(outputSchema, output ?? null);
          if ('fault' in checked) throw new ToolError('internal', `${name} answered what it does not promise: ${checked.fault}.`);
          return { output: checked.value };
        } catch (error) {
          return errorAnswer(error);
        }
      };
      const made: Tool = { contract: 'tool/1', describe, call, fetch: (request) => answer({ describe, call }, request) };
      startIfMain((host) => serveTool(made, host));
      return made;
    },
  };
}

const unattended: ToolCall = {
  id: '',
  deadlineMs: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  progress: () => undefined,
};

async function answer({ describe, call }: Pick<Tool, 'describe' | 'call'>, request: Request): Promise<Response> {
  if (request.method === 'GET' || request.method === 'HEAD') return Response.json(describe());
  if (request.method !== 'POST')
    return Response.json(errorAnswer(new ToolError('invalid_input', 'Call a tool with POST and a JSON body.')), { status: 405 });
  const input = await readJson(request);
  const result = input instanceof ToolError ? errorAnswer(input) : await call(input.value, { signal: request.signal });
  return 'error' in result ? Response.json(result, { status: statusOf(result.error.code) }) : Response.json(result.output);
}

const readJson = (request: Request): Promise<{ value: unknown } | ToolError> =>
  request.json().then(
    (value: unknown) => ({ value }),
    () => new ToolError('invalid_input', 'The body is not JSON. Send one JSON value.'),
  );
