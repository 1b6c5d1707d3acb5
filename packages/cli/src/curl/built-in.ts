import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import type { PayingWallet } from '../pay/open-wallet.ts';
import { readCommandLine, url, type CommandLine } from './command-line.ts';
import { exitCode } from './exit-code.ts';
import type { OptionTable } from './option-table.ts';

/** What the client without curl understands; the rest is curl's. */
const takes = (name: string, takesValue: boolean, short?: string) =>
  [[name, { name, takesValue }], ...(short === undefined ? [] : [[short, { name, takesValue }] as const])] as const;
const table: OptionTable = new Map([
  ...takes('--url', true),
  ...takes('--request', true, '-X'),
  ...takes('--data', true, '-d'),
  ...takes('--data-raw', true),
  ...takes('--data-binary', true),
  ...takes('--json', true),
  ...takes('--header', true, '-H'),
  ...takes('--user-agent', true, '-A'),
  ...takes('--output', true, '-o'),
  ...takes('--remote-name', false, '-O'),
  ...takes('--include', false, '-i'),
  ...takes('--head', false, '-I'),
  ...takes('--location', false, '-L'),
  ...takes('--fail', false, '-f'),
  ...takes('--silent', false, '-s'),
  ...takes('--show-error', false, '-S'),
]);

const mostRedirects = 50;
/** curl's codes for what can go wrong here. */
const codes = { cannotResolve: 6, cannotConnect: 7, httpError: 22, writeFailed: 23, tooManyRedirects: 47, emptyReply: 52 } as const;

/**
 * A small client for machines without curl: one URL, with the options that most commands have. Bodies and exit codes are those of curl, and
 * it pays like it. Errors: CliError 127 for an option that only curl has, 120 to 123.
 */
export async function builtInCurl(
  argv: readonly string[],
  { openWallet, context, missing }: { openWallet(own: CommandLine['own']): Promise<PayingWallet>; context: Context; missing: CliError },
): Promise<number> {
  const { tokens, own } = readCommandLine(argv, table);
  const known = new Set([...table.values()].map(({ name }) => name));
  const urls = tokens.filter(({ name }) => name === url);
  if (tokens.some(({ name }) => !known.has(name)) || urls.length !== 1) throw missing;
  const valuesOf = (...names: string[]) => tokens.filter(({ name }) => names.includes(name)).map(({ value = '' }) => value);
  const has = (name: string) => tokens.some((token) => token.name === name);
  const asked = urls[0]?.value ?? '';
  const address = URL.parse(/^https?:\/\//i.test(asked) ? asked : `http://${asked}`);
  if (!address) return fail(3, `URL rejected: ${asked}`, has, context);

  const body = await bodyOf(tokens, context);
  const headers = new Headers({
    accept: has('--json') ? 'application/json' : '*/*',
    'user-agent': valuesOf('--user-agent').at(-1) ?? 'curl/freehold',
  });
  if (body !== undefined) headers.set('content-type', has('--json') ? 'application/json' : 'application/x-www-form-urlencoded');
  for (const line of valuesOf('--header')) {
    const [, name = '', value = ''] = /^([^:;]+)[:;]\s*(.*)$/.exec(line) ?? [];
    if (value === '') headers.delete(name);
    else headers.set(name, value);
  }
  const method = valuesOf('--request').at(-1) ?? (has('--head') ? 'HEAD' : body === undefined ? 'GET' : 'POST');
  const request = { method, headers, signal: context.signal, ...(body !== undefined && { body }) };

  let answer: Response | undefined;
  let unpaid: CliError | undefined;
  try {
    ({ answer, unpaid } = await follow(address, { request, follows: has('--location'), own, openWallet: () => openWallet(own), context }));
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason: unknown = error instanceof Error ? error.cause : undefined;
    // fetch keeps away from ports that browsers keep away from.
    if (reason instanceof Error && reason.message === 'bad port') throw missing;
    const name = reason instanceof Error && 'code' in reason ? String(reason.code) : '';
    if (name === 'ENOTFOUND' || name === 'EAI_AGAIN')
      return fail(codes.cannotResolve, `Could not resolve host: ${address.hostname}`, has, context);
    if (name === 'ECONNREFUSED' || name === 'EHOSTUNREACH' || name === 'ETIMEDOUT')
      return fail(
        codes.cannotConnect,
        `Failed to connect to ${address.hostname} port ${address.port || (address.protocol === 'https:' ? 443 : 80)}`,
        has,
        context,
      );
    return fail(codes.emptyReply, 'Empty reply from server', has, context);
  }
  // A dry run.
  if (!answer) return 0;
  if (has('--fail') && !unpaid && answer.status >= 400)
    return fail(codes.httpError, `The requested URL returned error: ${answer.status}`, has, context);
  const shownHead = has('--include') || has('--head') ? headOf(answer) : '';
  const file = has('--remote-name') ? basename(address.pathname) : valuesOf('--output')[0];
  // A 402 that was not paid is shown, but never written into a file: that may hold something worth keeping.
  const code = unpaid && file !== undefined ? 0 : await write(answer, { shownHead, file: file === '-' ? undefined : file, context, has });
  if (unpaid) throw unpaid;
  return code;
}

/** Asks, follows redirects when told to, and pays where the first origin asks for it. No answer after a dry run. */
async function follow(
  from: URL,
  {
    request,
    follows,
    own,
    openWallet,
    context,
  }: {
    request: RequestInit & { method: string; headers: Headers };
    follows: boolean;
    own: CommandLine['own'];
    openWallet(): Promise<PayingWallet>;
    context: Context;
  },
): Promise<{ answer: Response | undefined; unpaid?: CliError | undefined }> {
  let address = from;
  let { method, body } = request;
  const headers = new Headers(request.headers);
  let isOurs = true;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const send = (extra: Record<string, string> = {}) => {
      const all = new Headers(headers);
      for (const [name, value] of Object.entries(extra)) all.set(name, value);
      return fetch(address, { method, headers: all, redirect: 'manual', signal: context.signal, ...(body != null && { body }) });
    };
    const answer = await send();
    if (answer.status === 402) {
      const { payFor } = await import('./built-in-payment.ts');
      try {
        const pay = {
          demand: answer,
          address,
          isOurs,
          send: (name: string, value: string) => send({ [name]: value }),
          method,
          own,
          openWallet,
          context,
        };
        return { answer: await payFor(pay) };
      } catch (error) {
        if (!(error instanceof CliError) || error.exitCode < exitCode.noKey) throw error;
        return { answer, unpaid: error };
      }
    }
    const location = answer.headers.get('location');
    const next = location === null ? null : URL.parse(location, address.href);
    if (!follows || answer.status < 300 || answer.status > 399 || !next) return { answer };
    await answer.body?.cancel();
    if (next.origin !== from.origin) {
      isOurs = false;
      headers.delete('authorization');
    }
    if (answer.status < 307 && method !== 'GET' && method !== 'HEAD') {
      isOurs = false;
      method = 'GET';
      body = undefined;
      headers.delete('content-type');
    }
    address = next;
  }
  throw new CliError(`Maximum (${mostRedirects}) redirects followed`, { exitCode: codes.tooManyRedirects });
}

const headOf = (answer: Response): string =>
  `HTTP/1.1 ${answer.status} ${answer.statusText}\r\n${[...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;

async function bodyOf(tokens: CommandLine['tokens'], { cwd, stdin }: Context): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Buffer[] = [];
  for (const { name, value = '' } of tokens) {
    if (!name.startsWith('--data') && name !== '--json') continue;
    const isFile = value.startsWith('@') && name !== '--data-raw';
    const bytes = !isFile ? Buffer.from(value) : value === '@-' ? await buffer(stdin) : await readFile(resolve(cwd, value.slice(1)));
    if (parts.length > 0 && name !== '--json') parts.push(Buffer.from('&'));
    // curl takes line ends out of what -d reads from a file.
    parts.push(isFile && name === '--data' ? Buffer.from(bytes.toString('latin1').replaceAll(/[\r\n\0]/g, ''), 'latin1') : bytes);
  }
  return parts.length === 0 ? undefined : new Uint8Array(Buffer.concat(parts));
}

async function write(
  answer: Response,
  { shownHead, file, context, has }: { shownHead: string; file: string | undefined; context: Context; has(name: string): boolean },
): Promise<number> {
  const to = file === undefined ? context.stdout : openFile(resolve(context.cwd, file));
  try {
    to.write(shownHead);
    if (answer.body) for await (const chunk of Readable.fromWeb(answer.body)) if (!to.write(chunk)) await once(to, 'drain');
    if (file !== undefined) {
      to.end();
      await finished(to);
    }
    return 0;
  } catch (error) {
    return fail(codes.writeFailed, `Failure writing output: ${error instanceof Error ? error.message : String(error)}`, has, context);
  }
}

function openFile(file: string) {
  mkdirSync(dirname(file), { recursive: true });
  return createWriteStream(file);
}

function fail(code: number, message: string, has: (name: string) => boolean, { stderr }: Context): number {
  if (!has('--silent') || has('--show-error')) stderr.write(`curl: (${code}) ${message}\n`);
  return code;
}
