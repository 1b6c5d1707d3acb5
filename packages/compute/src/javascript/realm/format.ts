const most = 10_000;

/** A value as text, for the log. Of an object it reads only what is its own and no getter; a proxy that throws stays closed. */
export function format(value: unknown, depth = 3, seen: readonly unknown[] = []): string {
  switch (typeof value) {
    case 'string':
      return seen.length === 0 && depth === 3 ? value : JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return value.toString();
    case 'function':
      return `[Function ${ownName(value)}]`;
    case 'object':
      return value === null ? 'null' : (safely(() => formatObject(value, depth, seen)) ?? '[Object]');
    default:
      return String(value);
  }
}

/** The arguments of `console.log`. */
export const formatAll = (values: readonly unknown[]): string => values.map((value) => format(value)).join(' ');

/** An error with its stack, or whatever else was thrown. */
export function formatError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return format(error);
  const stack = safely(() => Reflect.get(error, 'stack'));
  if (typeof stack === 'string' && stack !== '') return stack;
  const message = safely(() => Reflect.get(error, 'message'));
  return typeof message === 'string' ? message : format(error);
}

function formatObject(value: object, depth: number, seen: readonly unknown[]): string {
  if (seen.includes(value)) return '[Circular]';
  if (depth < 0) return Array.isArray(value) ? '[Array]' : '[Object]';
  const within = [...seen, value];
  const show = (inner: unknown) => format(inner, depth - 1, within);
  if (isError(value)) return formatError(value);
  if (value instanceof Date) return safely(() => value.toISOString()) ?? 'Invalid Date';
  if (value instanceof RegExp) return safely(() => String(value)) ?? 'RegExp';
  if (Array.isArray(value)) return list(value.slice(0, 100).map(show), value.length, ['[', ']']);
  if (ArrayBuffer.isView(value)) return `${nameOf(value)}(${value.byteLength})`;
  if (value instanceof Map)
    return list(
      [...value].slice(0, 100).map(([key, inner]) => `${show(key)} => ${show(inner)}`),
      value.size,
      ['Map {', '}'],
    );
  if (value instanceof Set) return list([...value].slice(0, 100).map(show), value.size, ['Set {', '}']);
  const keys = safely(() => Object.keys(value)) ?? [];
  const name = nameOf(value);
  const parts = keys.slice(0, 100).map((key) => `${key}: ${show(ownValue(value, key))}`);
  return list(parts, keys.length, [name === 'Object' || name === '' ? '{' : `${name} {`, '}']);
}

function list(parts: readonly string[], total: number, [open, close]: readonly [string, string]): string {
  if (total === 0) return `${open}${close}`;
  const rest = total > parts.length ? `, … ${total - parts.length} more` : '';
  const text = `${parts.join(', ')}${rest}`;
  return `${open} ${text.length > most ? `${text.slice(0, most)}…` : text} ${close}`;
}

const isError = (value: object): boolean => safely(() => value instanceof Error || typeof ownValue(value, 'stack') === 'string') ?? false;

function nameOf(value: object): string {
  const prototype = safely(() => Reflect.getPrototypeOf(value));
  const made = prototype ? ownValue(prototype, 'constructor') : undefined;
  return typeof made === 'function' ? ownName(made) : '';
}

function ownName(value: object): string {
  const name = ownValue(value, 'name');
  return typeof name === 'string' ? name : '';
}

const ownValue = (value: object, key: string): unknown => safely(() => Reflect.getOwnPropertyDescriptor(value, key)?.value);

/** A proxy may throw at anything that is asked of it. */
function safely<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
