/** What a guest may be given of this realm. Everything reachable from it is frozen before the first guest runs. */
export const webNames = [
  'AbortController',
  'Blob',
  'CompressionStream',
  'CountQueuingStrategy',
  'ByteLengthQueuingStrategy',
  'CustomEvent',
  'DOMException',
  'DecompressionStream',
  'Event',
  'EventTarget',
  'File',
  'FormData',
  'Headers',
  'ReadableStream',
  'ReadableStreamDefaultReader',
  'ReadableStreamBYOBReader',
  'Request',
  'Response',
  'TextDecoder',
  'TextDecoderStream',
  'TextEncoder',
  'TextEncoderStream',
  'TransformStream',
  'URL',
  'URLPattern',
  'URLSearchParams',
  'WritableStream',
  'WritableStreamDefaultWriter',
  'atob',
  'btoa',
] as const;

export type WebClasses = { [Name in (typeof webNames)[number]]: (typeof globalThis)[Name] };

const errors = [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

/**
 * Freezes all that a guest could come to hold of the realm that the host itself runs in: the web's classes and, through their
 * prototypes and constructors, the language's. So no guest can change the host's code, or leave something for the next call.
 * With code from strings switched off (a flag of the process), what is frozen has no power: there is no way from it to `process`.
 */
export function hardenRealm(): WebClasses {
  // Shared between all calls, or timers that outlive one.
  Reflect.deleteProperty(URL, 'createObjectURL');
  Reflect.deleteProperty(URL, 'revokeObjectURL');
  Reflect.deleteProperty(AbortSignal, 'timeout');
  Reflect.defineProperty(Event.prototype, 'timeStamp', { get: () => 0 });
  for (const name of ['input', '$_', 'lastMatch', '$&', 'lastParen', '$+', 'leftContext', '$`', 'rightContext', "$'"])
    Reflect.deleteProperty(RegExp, name);
  for (let index = 1; index < 10; index++) Reflect.deleteProperty(RegExp, `$${index}`);

  const classes: Partial<Record<string, unknown>> = Object.fromEntries(webNames.map((name) => [name, globalThis[name]]));
  // Node loads some of these when they are first asked for; what they set up then must not meet frozen things.
  void new Response(new Blob(['']).stream()).text();
  for (const { prototype } of errors) allowOverride(prototype, ['name', 'message', 'toString', 'constructor']);
  allowOverride(Object.prototype, ['toString', 'valueOf', 'constructor', 'hasOwnProperty', 'toLocaleString', 'isPrototypeOf']);
  for (const value of Object.values(classes)) {
    const prototype = typeof value === 'function' ? value.prototype : undefined;
    if (typeof prototype === 'object' && prototype !== null) allowOverride(prototype, ['constructor']);
  }
  const seen = new Set<unknown>([globalThis, process]);
  for (const value of Object.values(classes)) freezeAll(value, seen);
  freezeAll(AbortSignal, seen);
  for (const value of [
    crypto.subtle,
    CryptoKey,
    Promise,
    Map,
    Set,
    WeakMap,
    WeakSet,
    WeakRef,
    Array,
    ArrayBuffer,
    DataView,
    RegExp,
    String,
    Symbol,
  ])
    freezeAll(value, seen);
  for (const value of [Uint8Array, Date, Number, Boolean, BigInt, Proxy, Reflect, JSON, Iterator, Intl, FinalizationRegistry, ...errors])
    freezeAll(value, seen);
  for (const iterator of [[].values(), new Map().entries(), new Set().values(), ''[Symbol.iterator](), ''.matchAll(/x/g)])
    freezeAll(Object.getPrototypeOf(iterator), seen);
  freezeAll(
    Object.getPrototypeOf(async function* () {
      yield 0;
    }),
    seen,
  );
  freezeAll(
    Object.getPrototypeOf(function* () {
      yield 0;
    }),
    seen,
  );
  freezeAll(
    Object.getPrototypeOf(async () => 0),
    seen,
  );
  return classes as WebClasses;
}

function freezeAll(value: unknown, seen: Set<unknown>): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
  seen.add(value);
  if (!ArrayBuffer.isView(value)) Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) {
    const found = Reflect.getOwnPropertyDescriptor(value, key);
    for (const part of [found?.value, found?.get, found?.set]) freezeAll(part, seen);
  }
  freezeAll(Reflect.getPrototypeOf(value), seen);
}

/** A frozen property of a prototype could not be set on what inherits from it; Node's own code does that with these. */
function allowOverride(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    const found = Reflect.getOwnPropertyDescriptor(prototype, name);
    if (!found || !('value' in found)) continue;
    const { value } = found;
    Reflect.defineProperty(prototype, name, {
      configurable: true,
      enumerable: false,
      get: () => value,
      set(this: object, own: unknown) {
        if (this === prototype) throw new TypeError(`${name} cannot be changed here`);
        Reflect.defineProperty(this, name, { value: own, writable: true, enumerable: true, configurable: true });
      },
    });
  }
}
