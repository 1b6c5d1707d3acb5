import { openFetch } from './fetch.ts';
import type { RealmHost } from './host.ts';

type Options = Record<string, unknown> | undefined;

/**
 * The part of Puter's SDK that a worker is given: `fs`, `kv` and `auth`. The node does what is asked as the owner of the worker
 * (`me`) or as its caller (`user`), with the rights of that one's token, which is not here.
 */
export function openPuter({
  host,
  Request,
  Response,
  as,
}: {
  host: RealmHost;
  Request: typeof globalThis.Request;
  Response: typeof globalThis.Response;
  as: 'me' | 'user';
}) {
  const fetch = openFetch({ host, Request, Response, service: as });
  const base = 'https://puter.invalid';

  async function send(path: string, init?: RequestInit): Promise<Response> {
    const response = await fetch(`${base}${path}`, init);
    if (response.ok) return response;
    const said = await response.text();
    let fault: unknown;
    try {
      fault = JSON.parse(said);
    } catch {
      fault = { code: 'request_failed', message: said };
    }
    throw fault;
  }
  const post = (path: string, body: unknown) =>
    send(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const postJson = async (path: string, body: unknown): Promise<unknown> => (await post(path, body)).json();

  async function drive(iface: string, method: string, args: unknown): Promise<unknown> {
    const answer = await postJson('/drivers/call', { interface: iface, driver: iface, method, args });
    return typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'result') : undefined;
  }

  const whoami = async (): Promise<unknown> => (await send('/whoami')).json();

  let folder: Promise<string> | undefined;
  /** As in Puter's SDK: what does not begin at the root is in the folder of the app, or of a person who is none. */
  async function absolute(path: string): Promise<string> {
    if (path.startsWith('/') || path.startsWith('~')) return path;
    folder ??= whoami().then((known) => {
      const app: unknown = Reflect.get(Object(known), 'app_name');
      return typeof app === 'string' ? `~/AppData/${app}` : '~';
    });
    return `${await folder}/${path}`;
  }
  /** The folder and the name at the end of a path. */
  async function split(path: string): Promise<[folder: string, name: string]> {
    const whole = await absolute(path);
    const at = whole.lastIndexOf('/');
    return [whole.slice(0, Math.max(at, 1)), whole.slice(at + 1)];
  }

  async function write(path: string, content: unknown = '', options: Options = {}): Promise<unknown> {
    const [parent, name] = await split(path);
    const blob = content instanceof host.classes.Blob ? content : new host.classes.Blob([content as string]);
    const form = new host.classes.FormData();
    form.append('operation_id', '0');
    form.append('fileinfo', JSON.stringify({ name, type: blob.type, size: blob.size }));
    form.append(
      'operation',
      JSON.stringify({
        op: 'write',
        path: parent,
        name,
        overwrite: options['overwrite'] ?? true,
        dedupe_name: options['dedupeName'] ?? false,
        create_missing_parents: options['createMissingParents'] ?? false,
        item_upload_id: 0,
      }),
    );
    form.append('file', blob, name);
    const answer = await (await send('/batch', { method: 'POST', body: form })).json();
    const [result] = Object(Reflect.get(Object(answer), 'results') ?? [answer]);
    return result;
  }

  const kv = {
    get: (key: unknown) => drive('puter-kvstore', 'get', { key }),
    set: (key: unknown, value: unknown, expireAt?: number) =>
      drive('puter-kvstore', 'set', { key, value, ...(expireAt !== undefined && { expireAt }) }),
    del: (key: unknown) => drive('puter-kvstore', 'del', { key }),
    incr: (key: unknown, amount: unknown = 1) => drive('puter-kvstore', 'incr', { key, pathAndAmountMap: amounts(amount) }),
    decr: (key: unknown, amount: unknown = 1) => drive('puter-kvstore', 'decr', { key, pathAndAmountMap: amounts(amount) }),
    add: (key: unknown, value: unknown) =>
      drive('puter-kvstore', 'add', { key, pathAndValueMap: typeof value === 'object' ? value : { '': value } }),
    update: (key: unknown, pathAndValueMap: unknown, ttl?: number) =>
      drive('puter-kvstore', 'update', { key, pathAndValueMap, ...(ttl !== undefined && { ttl }) }),
    remove: (key: unknown, ...paths: unknown[]) => drive('puter-kvstore', 'remove', { key, paths: paths.flat() }),
    expire: (key: unknown, ttl: number) => drive('puter-kvstore', 'expire', { key, ttl }),
    expireAt: (key: unknown, timestamp: number) => drive('puter-kvstore', 'expireAt', { key, timestamp }),
    list: (pattern?: unknown, withValues = false) =>
      typeof pattern === 'object' && pattern !== null
        ? drive('puter-kvstore', 'list', pattern)
        : drive('puter-kvstore', 'list', {
            as: withValues || pattern === true ? 'entries' : 'keys',
            ...(typeof pattern === 'string' && { pattern }),
          }),
    flush: () => drive('puter-kvstore', 'flush', {}),
  };

  const fs = {
    stat: async (path: string, options?: Options) => postJson('/stat', { path: await absolute(path), ...snake(options) }),
    readdir: async (path: string, options?: Options) => postJson('/readdir', { path: await absolute(path), ...snake(options) }),
    read: async (path: string) => (await send(`/read?${new URLSearchParams({ file: await absolute(path) })}`)).blob(),
    write,
    mkdir: async (path: string, options?: Options) => {
      const [parent, name] = await split(path);
      return postJson('/mkdir', { parent, path: name, ...snake(options) });
    },
    delete: async (paths: string | string[], options?: Options) => {
      await post('/delete', { paths: await Promise.all([paths].flat().map(absolute)), recursive: true, ...snake(options) });
    },
    copy: async (source: string, destination: string, options?: Options) =>
      postJson('/copy', { source: await absolute(source), destination: await absolute(destination), ...snake(options) }),
    move: async (source: string, destination: string, options?: Options) =>
      postJson('/move', { source: await absolute(source), destination: await absolute(destination), ...snake(options) }),
    rename: async (path: string, name: string) => postJson('/rename', { path: await absolute(path), new_name: name }),
    space: () => postJson('/df', {}),
  };

  return { fs, kv, auth: { getUser: whoami, whoami, isSignedIn: () => true } };
}

const amounts = (amount: unknown) => (typeof amount === 'object' && amount !== null ? amount : { '': amount });

/** Options are written in one way by the SDK and in another on the wire. */
const snake = (options: Options = {}) =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
