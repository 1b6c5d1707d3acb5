/** A number as it was written: what floating point would round, and what other languages would write otherwise. */
export class Numeral {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

declare global {
  interface JSON {
    /** With the source text of primitive values (ECMAScript: JSON.parse source text access). */
    parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  }
}

/** Reads JSON and leaves every number as it was written. Errors: SyntaxError. */
export const parseExactly = (text: string): unknown =>
  JSON.parse(text, (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' ? new Numeral(source ?? String(value)) : value,
  );

const encoder = new TextEncoder();

/** By the bytes of their UTF-8, as Rust orders strings. */
function byBytes(left: string, right: string): number {
  const [a, b] = [encoder.encode(left), encoder.encode(right)];
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

/** Compact JSON with sorted keys and numbers as they were written: what `serde_json` makes of a value that it has read. */
export function compactJson(value: unknown): string {
  if (value instanceof Numeral) return value.text;
  if (Array.isArray(value)) return `[${value.map(compactJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).toSorted(([left], [right]) => byBytes(left, right));
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${compactJson(field)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
