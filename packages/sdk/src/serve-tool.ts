import { errorAnswer, ToolError } from './error.ts';
import type { Host } from './main.ts';
import { serveCgi } from './serve-cgi.ts';
import type { Tool, ToolCall } from './tool.ts';

const encode = (value: unknown) => `${JSON.stringify(value)}\n`;

/** The contract `tool/1` on standard input and output (docs/tools.md). */
export async function serveTool(tool: Tool, host: Host): Promise<void> {
  const [mode] = host.args;
  if (mode === '--mcp-describe' || mode === '--mcp-schema') return host.write(encode(tool.describe()));
  if (mode === '--mcp-stream') return serveStream(tool, host);
  if (host.env['GATEWAY_INTERFACE'] !== undefined) return serveCgi(tool, host);
  return serveOne(tool, host);
}

/** One value in, one value out; exit code 1 with `{"error":…}`. */
async function serveOne(tool: Tool, host: Host): Promise<void> {
  const cancel = new AbortController();
  host.onEnd(() => cancel.abort());
  const input = parse(await readAll(host.stdin));
  const progress = (fraction: number, message?: string) =>
    host.writeError(encode({ progress: fraction, ...(message !== undefined && { message }) }));
  const result =
    'error' in input
      ? input
      : await tool.call(input.value, { ...callOf(host), id: host.env['TOOL_CALL_ID'] ?? '', signal: cancel.signal, progress });
  if ('error' in result) host.exitCode(1);
  await host.write(encode('error' in result ? result : result.output));
}

/** One line a call, `{"id","input"}`, answered by `{"id","output"}` or `{"id","error"}`, until standard input ends. */
async function serveStream(tool: Tool, host: Host): Promise<void> {
  const cancel = new AbortController();
  host.onEnd(() => cancel.abort());
  for await (const line of linesOf(host.stdin)) {
    const message = parse(line);
    const call: { id: unknown; input: unknown } =
      'value' in message && typeof message.value === 'object' && message.value !== null
        ? { id: Reflect.get(message.value, 'id'), input: Reflect.get(message.value, 'input') }
        : { id: null, input: undefined };
    const { id } = call;
    const progress = (fraction: number, text?: string) =>
      void host.write(encode({ id, progress: fraction, ...(text !== undefined && { message: text }) }));
    const result =
      'error' in message ? message : await tool.call(call.input, { ...callOf(host), id: String(id), signal: cancel.signal, progress });
    await host.write(encode({ id, ...result }));
  }
}

function callOf({ env }: Host): Partial<ToolCall> {
  const deadline = Number(env['TOOL_DEADLINE_MS']);
  return deadline > 0 ? { deadlineMs: deadline } : {};
}

function parse(text: string): { value: unknown } | ReturnType<typeof errorAnswer> {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return errorAnswer(new ToolError('invalid_input', 'The input is not JSON. Send one JSON value.'));
  }
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stdin) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

async function* linesOf(stdin: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stdin) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line.trim() !== '');
  }
  if (rest.trim() !== '') yield rest;
}
