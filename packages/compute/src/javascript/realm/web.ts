import type { RealmHost } from './host.ts';

type AbortSignals = ReturnType<typeof abortSignals>;

/** The web's classes as a guest sees them: those of the host, which are frozen, where they give values as ones of its own realm. */
export function openWeb({ host, setTimeout }: { host: RealmHost; setTimeout: (work: () => void, ms: number) => unknown }) {
  const { classes } = host;
  const HostRequest = classes.Request;
  const HostResponse = classes.Response;

  class Request extends HostRequest {}
  class Response extends HostResponse {}
  giveOwnValues(Request, HostRequest);
  giveOwnValues(Response, HostResponse);
  const asResponse = (response: globalThis.Response): Response => Object.setPrototypeOf(response, Response.prototype);
  defineAll(Response, {
    json(value: unknown, init?: ResponseInit): Response {
      const text = JSON.stringify(value);
      if (text === undefined) throw new TypeError('This value cannot be said in JSON.');
      const response = new Response(text, init);
      if (!new classes.Headers(init?.headers).has('content-type')) response.headers.set('content-type', 'application/json');
      return response;
    },
    redirect: (...args: Parameters<typeof HostResponse.redirect>) => asResponse(HostResponse.redirect(...args)),
    error: () => asResponse(HostResponse.error()),
  });

  class TextEncoder extends classes.TextEncoder {
    override encode(text?: string): Uint8Array<ArrayBuffer> {
      return new Uint8Array(super.encode(text));
    }
  }

  class File extends classes.File {
    constructor(...[parts, name, options]: ConstructorParameters<typeof classes.File>) {
      super(parts, name, { lastModified: Date.now(), ...options });
    }
  }

  return {
    Request,
    Response,
    globals: {
      ...classes,
      Request,
      Response,
      TextEncoder,
      File,
      AbortSignal: abortSignals(host, setTimeout) satisfies AbortSignals,
      crypto: openCrypto(host),
      performance: { now: () => host.now(), timeOrigin: 0 },
      queueMicrotask: (work: () => void) => void Promise.resolve().then(work),
    },
  };
}

type Body = Request | Response;

/** What a body is read as belongs to the guest's realm, so that `instanceof` holds there. */
function giveOwnValues(own: { prototype: Body }, { prototype }: { prototype: Body }): void {
  const read = async (body: Body) => new Uint8Array(await Reflect.apply(prototype.arrayBuffer, body, []));
  defineAll(own.prototype, {
    async arrayBuffer(this: Body) {
      return (await read(this)).slice().buffer;
    },
    async bytes(this: Body) {
      return (await read(this)).slice();
    },
    async json(this: Body): Promise<unknown> {
      return JSON.parse(await Reflect.apply(prototype.text, this, []));
    },
    clone(this: Body) {
      return Object.setPrototypeOf(Reflect.apply(prototype.clone, this, []), own.prototype);
    },
  });
}

function defineAll(target: object, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) Reflect.defineProperty(target, name, { value, writable: true, configurable: true });
}

/** `AbortSignal` with a `timeout` that ends with the call. */
function abortSignals({ abortSignal, classes }: RealmHost, setTimeout: (work: () => void, ms: number) => unknown) {
  const AbortSignal = function AbortSignal() {
    throw new TypeError('Illegal constructor');
  };
  AbortSignal.prototype = abortSignal.prototype;
  AbortSignal.abort = (reason?: unknown) => abortSignal.abort(reason);
  AbortSignal.any = (signals: Iterable<AbortSignal>) => abortSignal.any([...signals]);
  AbortSignal.timeout = (ms: number) => {
    const controller = new classes.AbortController();
    setTimeout(() => controller.abort(new classes.DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms);
    return controller.signal;
  };
  return AbortSignal;
}

/** What draws on randomness that nobody could draw again. */
const undetermined = new Set(['ECDSA', 'RSA-PSS', 'RSA-OAEP']);

function openCrypto({ random, subtle, fixedTime, classes }: RealmHost) {
  function getRandomValues<View extends ArrayBufferView>(view: View): View {
    if (!ArrayBuffer.isView(view) || view instanceof Float32Array || view instanceof Float64Array || view instanceof DataView)
      throw new classes.DOMException('getRandomValues needs an array of integers', 'TypeMismatchError');
    if (view.byteLength > 65_536) throw new classes.DOMException('At most 65536 bytes at once', 'QuotaExceededError');
    random(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return view;
  }

  function randomUUID(): string {
    const bytes = new Uint8Array(16);
    random(bytes);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  const names = [
    'decrypt',
    'deriveBits',
    'deriveKey',
    'digest',
    'encrypt',
    'exportKey',
    'generateKey',
    'importKey',
    'sign',
    'unwrapKey',
    'verify',
    'wrapKey',
  ] as const;
  const methods = names.map((name) => [
    name,
    async (...args: unknown[]) => {
      const [first] = args;
      const algorithm = String(typeof first === 'object' && first !== null ? Reflect.get(first, 'name') : first).toUpperCase();
      if (fixedTime !== undefined && (name === 'generateKey' || ((name === 'sign' || name === 'encrypt') && undetermined.has(algorithm))))
        throw new classes.DOMException(
          `A deterministic function cannot use ${name} with ${algorithm}: it would differ each time.`,
          'NotSupportedError',
        );
      const result: unknown = await Reflect.apply(subtle[name], subtle, args);
      return result instanceof classes.Blob || typeof result !== 'object' ? result : ofThisRealm(result);
    },
  ]);
  return { getRandomValues, randomUUID, subtle: Object.fromEntries(methods) };
}

/** Bytes and plain objects (a JSON Web Key, a pair of keys) as ones of this realm; a key as it is. */
function ofThisRealm(value: object | null): unknown {
  if (value === null) return value;
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object ArrayBuffer]') return new Uint8Array(new Uint8Array(value as ArrayBuffer)).buffer;
  return tag === '[object Object]' ? { ...value } : value;
}
