import type { RealmEnd, RealmHost } from './host.ts';

type Request = globalThis.Request;
type Response = globalThis.Response;
type Env = Readonly<Record<string, string>>;
type Context = { waitUntil(work: unknown): void };
type Fetch = (request: Request, env: Env, context: Context) => unknown;
type ToolResult = { output: unknown } | { error: { code: string; message: string; data?: unknown } };
/** The default export of a tool (`@freehold/sdk`), found by its shape, so that it may come from anywhere. */
type Tool = { describe(): unknown; call(input: unknown, call: object): Promise<ToolResult> };

type Serving = {
  host: RealmHost;
  namespace: object;
  /** Answers requests by the routes that a worker has set. */
  worker: Fetch | undefined;
  Request: typeof globalThis.Request;
  Response: typeof globalThis.Response;
  report: (what: string, error: unknown) => void;
};

const cgiNames =
  /^(HTTP_.*|GATEWAY_INTERFACE|SERVER_.*|REQUEST_.*|REMOTE_.*|SCRIPT_NAME|PATH_INFO|PATH_TRANSLATED|QUERY_STRING|CONTENT_.*|AUTH_TYPE)$/;
const encode = (text: string) => new TextEncoder().encode(text);

/** Calls a program by the interface of its offer: as a function of the web, as a tool, or with arguments and input. */
export async function serve(serving: Serving): Promise<RealmEnd> {
  const { host, namespace, worker } = serving;
  const exported: unknown = Reflect.get(namespace, 'default');
  if (host.env['GATEWAY_INTERFACE'] !== undefined) {
    const fetch = worker ?? fetchOf(exported);
    if (!fetch)
      return invalid(
        'It exports no function that answers requests: write `export default { fetch(request) { return new Response("Hello") } }`.',
      );
    return serveRequest(fetch, serving);
  }
  const tool = toolOf(exported);
  if (tool) return serveTool(tool, host);
  if (host.args.some((argument) => argument === '--mcp-describe' || argument === '--mcp-schema'))
    return invalid('It exports no tool: write `export default tool({ … }).run(…)`, with tool from "@freehold/sdk".');
  const main = functionOf(exported) ?? functionOf(methodOf(exported, 'run'));
  if (!main) return invalid('It exports nothing to call: write `export default ({ args, env, input }) => "Hello"`.');
  return serveBatch(main, serving);
}

const invalid = (sentence: string): RealmEnd => ({ exitCode: 0, invalid: sentence });

async function serveRequest(fetch: Fetch, { host, Request, Response, report }: Serving): Promise<RealmEnd> {
  const pending: Promise<unknown>[] = [];
  const context: Context = {
    waitUntil: (work) => void pending.push(Promise.resolve(work).catch((error: unknown) => report('Failed after the answer', error))),
  };
  const declared = Object.fromEntries(Object.entries(host.env).filter(([name]) => !cgiNames.test(name)));
  let exitCode = 0;
  let response: Response;
  try {
    const given = await fetch(requestOf(host, Request), declared, context);
    response = toResponse(given, Response);
  } catch (error) {
    report('Uncaught', error);
    exitCode = 1;
    response = new Response('The function failed.\n', { status: 500, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  }
  const head = [`Status: ${response.status}`, ...[...response.headers].map(([name, value]) => `${name}: ${value}`)];
  if (!response.headers.has('content-type')) head.push('content-type: application/octet-stream');
  await host.write(encode(`${head.join('\r\n')}\r\n\r\n`));
  if (response.body && host.env['REQUEST_METHOD'] !== 'HEAD') await writeStream(response.body, host);
  for (let work = pending.shift(); work; work = pending.shift()) await work;
  return { exitCode };
}

function toResponse(given: unknown, Response: typeof globalThis.Response): Response {
  if (given instanceof Response || Object.prototype.toString.call(given) === '[object Response]') return given as Response;
  if (typeof given === 'string') return new Response(given);
  throw new TypeError('The function returned no Response. Return `new Response(…)` or `Response.json(…)`.');
}

function requestOf({ env, pull, classes }: RealmHost, Request: typeof globalThis.Request): Request {
  const method = env['REQUEST_METHOD'] ?? 'GET';
  const headers = new classes.Headers();
  for (const [variable, value] of Object.entries(env))
    if (variable.startsWith('HTTP_')) headers.set(variable.slice(5).replaceAll('_', '-'), value);
  if (env['CONTENT_TYPE'] !== undefined) headers.set('content-type', env['CONTENT_TYPE']);
  if (env['CONTENT_LENGTH'] !== undefined) headers.set('content-length', env['CONTENT_LENGTH']);
  const url = new classes.URL(`${env['REQUEST_SCHEME'] ?? 'http'}://${env['SERVER_NAME'] ?? 'localhost'}:${env['SERVER_PORT'] ?? '80'}`);
  url.pathname = (env['PATH_INFO'] ?? '').split('/').map(encodeURIComponent).join('/');
  url.search = env['QUERY_STRING'] ?? '';
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: streamOf(pull, classes), duplex: 'half' });
}

/** The input as a stream that is read when somebody reads it. */
const streamOf = (pull: RealmHost['pull'], { ReadableStream }: RealmHost['classes']) =>
  new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const chunk = await pull();
        if (chunk === undefined) controller.close();
        else controller.enqueue(new Uint8Array(chunk));
      },
    },
    { highWaterMark: 0 },
  );

async function writeStream(stream: ReadableStream<Uint8Array>, host: RealmHost): Promise<void> {
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) await host.write(toBytes(read.value));
}

function toBytes(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return encode(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError('A body is made of bytes or text.');
}

/** The contract `tool/1`: one JSON value in, one out; exit code 1 with `{"error":…}`. */
async function serveTool(tool: Tool, host: RealmHost): Promise<RealmEnd> {
  const say = (value: unknown) => host.write(encode(`${JSON.stringify(value)}\n`));
  if (host.args.some((argument) => argument === '--mcp-describe' || argument === '--mcp-schema')) {
    await say(tool.describe());
    return { exitCode: 0 };
  }
  let input: unknown;
  try {
    input = JSON.parse(await readText(host));
  } catch {
    await say({ error: { code: 'invalid_input', message: 'The input is not JSON. Send one JSON value.' } });
    return { exitCode: 1 };
  }
  const deadline = Number(host.env['TOOL_DEADLINE_MS']);
  const result = await tool.call(input, {
    id: host.env['TOOL_CALL_ID'] ?? '',
    ...(deadline > 0 && { deadlineMs: deadline }),
    progress: (fraction: number, message?: string) =>
      host.log(`${JSON.stringify({ progress: fraction, ...(message !== undefined && { message }) })}\n`),
  });
  await say('error' in result ? result : (result.output ?? null));
  return { exitCode: 'error' in result ? 1 : 0 };
}

/** Arguments and standard input; what the function returns is standard output, and what it throws ends it with code 1. */
async function serveBatch(main: (batch: object) => unknown, { host, Response, report }: Serving): Promise<RealmEnd> {
  const { classes } = host;
  try {
    const input = streamOf(host.pull, classes);
    const result: unknown = await main({
      args: [...host.args],
      env: { ...host.env },
      input,
      text: () => new Response(input).text(),
      json: () => new Response(input).json(),
    });
    if (result === undefined || result === null) return { exitCode: 0 };
    if (typeof result === 'string' || ArrayBuffer.isView(result)) await host.write(toBytes(result));
    else if (result instanceof classes.ReadableStream) await writeStream(result, host);
    else if (result instanceof classes.Response) await (result.body && writeStream(result.body, host));
    else await host.write(encode(`${JSON.stringify(result)}\n`));
    return { exitCode: 0 };
  } catch (error) {
    report('Uncaught', error);
    return { exitCode: 1 };
  }
}

async function readText({ pull }: RealmHost): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for (let chunk = await pull(); chunk !== undefined; chunk = await pull()) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function fetchOf(exported: unknown): Fetch | undefined {
  const method = methodOf(exported, 'fetch');
  if (method) return (...args) => Reflect.apply(method, exported, args);
  return functionOf(exported);
}

function toolOf(exported: unknown): Tool | undefined {
  return methodOf(exported, 'describe') && methodOf(exported, 'call') ? (exported as Tool) : undefined;
}

function methodOf(value: unknown, name: string): ((...args: unknown[]) => unknown) | undefined {
  return typeof value === 'object' && value !== null ? functionOf(Reflect.get(value, name)) : undefined;
}

const functionOf = (value: unknown) => (typeof value === 'function' ? (value as (...args: unknown[]) => unknown) : undefined);
