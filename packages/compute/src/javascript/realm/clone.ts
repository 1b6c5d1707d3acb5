/**
 * `structuredClone` within the guest's realm: the host's own would make objects of the host's. Keeps cycles; refuses functions and
 * symbols as the web does.
 */
export function openClone({
  DOMException,
  opaque,
}: {
  DOMException: typeof globalThis.DOMException;
  opaque: readonly (new (...args: never[]) => object)[];
}) {
  return function structuredClone(value: unknown): unknown {
    const made = new Map<object, object>();
    const clone = (from: unknown): unknown => {
      if (typeof from === 'function' || typeof from === 'symbol') throw refuse(from);
      if (typeof from !== 'object' || from === null) return from;
      const known = made.get(from);
      if (known) return known;
      const keep = <Target extends object>(target: Target): Target => {
        made.set(from, target);
        return target;
      };
      if (Array.isArray(from)) {
        const target: unknown[] = keep([]);
        target.length = from.length;
        for (const key of Object.keys(from)) Reflect.set(target, key, clone(Reflect.get(from, key)));
        return target;
      }
      if (from instanceof Date) return keep(new Date(from.getTime()));
      if (from instanceof RegExp) return keep(new RegExp(from.source, from.flags));
      if (from instanceof ArrayBuffer) return keep(from.slice(0));
      if (ArrayBuffer.isView(from)) return keep(cloneView(from));
      if (from instanceof Map) {
        const target = keep(new Map<unknown, unknown>());
        for (const [key, inner] of from) target.set(clone(key), clone(inner));
        return target;
      }
      if (from instanceof Set) {
        const target = keep(new Set<unknown>());
        for (const inner of from) target.add(clone(inner));
        return target;
      }
      if (from instanceof Error) {
        const target = keep(new Error(from.message, 'cause' in from ? { cause: clone(from.cause) } : undefined));
        target.name = from.name;
        return target;
      }
      for (const boxed of [Boolean, Number, String, BigInt]) if (from instanceof boxed) return keep(Object(from.valueOf()));
      if (opaque.some((kind) => from instanceof kind)) return from;
      if (from instanceof Promise || from instanceof WeakMap || from instanceof WeakSet || from instanceof WeakRef) throw refuse(from);
      const target: Record<string, unknown> = keep({});
      for (const key of Object.keys(from)) target[key] = clone(Reflect.get(from, key));
      return target;
    };
    return clone(value);
  };

  function refuse(value: unknown) {
    return new DOMException(`${typeof value === 'symbol' ? 'A symbol' : 'This value'} could not be cloned.`, 'DataCloneError');
  }
}

function cloneView(view: ArrayBufferView): ArrayBufferView {
  const bytes = new Uint8Array(view.byteLength);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  if (view instanceof DataView) return new DataView(bytes.buffer);
  const Kind = Object.getPrototypeOf(view).constructor;
  return new Kind(bytes.buffer);
}
