/** One URL or file that a pattern stands for, and what each of its groups was: `#1`, `#2` … in a file name. */
export type Expanded = { text: string; groups: string[] };

/** More than this is left to curl alone. */
const mostExpansions = 10_000;

/**
 * What curl makes of a pattern (its manual, "GLOBBING"): `{a,b}`, `[1-10]`, `[001-100:10]`, `[a-z:2]`, the last group changing fastest, and
 * `\` before a bracket that is none. Undefined for a pattern that curl would not take, and for one that is too long.
 */
export function expandGlob(pattern: string): Expanded[] | undefined {
  let expanded: Expanded[] = [{ text: '', groups: [] }];
  for (const part of partsOf(pattern) ?? [undefined]) {
    if (part === undefined) return undefined;
    if (typeof part === 'string') for (const one of expanded) one.text += part;
    else {
      if (expanded.length * part.length > mostExpansions) return undefined;
      expanded = expanded.flatMap(({ text, groups }) => part.map((value) => ({ text: text + value, groups: [...groups, value] })));
    }
  }
  return expanded;
}

/** `#1` is what the first group was; a number without a group stays as it is. */
export const fillName = (name: string, groups: readonly string[]): string =>
  name.replace(/#(\d+)/g, (written, number: string) => groups[Number(number) - 1] ?? written);

/** The pattern as literal text and lists of values. */
function partsOf(pattern: string): (string | string[])[] | undefined {
  const parts: (string | string[])[] = [];
  let literal = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? '';
    const isAddress = character === '[' && /^\[[0-9a-fA-F:.]*:[0-9a-fA-F:.%a-z0-9]*\]/.exec(pattern.slice(at));
    if (character === '\\' && /[{}[\]]/.test(pattern[at + 1] ?? '')) literal += pattern[++at];
    else if (isAddress) {
      // IPv6, which has brackets of its own.
      literal += isAddress[0];
      at += isAddress[0].length - 1;
    } else if (character === '{' || character === '[') {
      const end = endOf(pattern, at, character === '{' ? '}' : ']');
      if (end === undefined) return undefined;
      const inner = pattern.slice(at + 1, end);
      const values = character === '{' ? setOf(inner) : rangeOf(inner);
      if (!values) return undefined;
      parts.push(literal, values);
      literal = '';
      at = end;
    } else if (character === '}' || character === ']') return undefined;
    else literal += character;
  }
  return [...parts, literal];
}

function endOf(pattern: string, from: number, closing: string): number | undefined {
  for (let at = from + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === closing) return at;
    else if (pattern[at] === '{' || pattern[at] === '[') return undefined;
  }
  return undefined;
}

function setOf(inner: string): string[] | undefined {
  if (inner === '') return undefined;
  return (inner.match(/(?:\\.|[^,\\])+|(?<=,|^)(?=,|$)/gs) ?? []).map((value) => value.replace(/\\(.)/gs, '$1'));
}

function rangeOf(inner: string): string[] | undefined {
  const [, first, last, given] = /^([a-zA-Z])-([a-zA-Z])(?::(\d+))?$/.exec(inner) ?? [];
  if (first !== undefined && last !== undefined) {
    const codes = steps(BigInt(first.charCodeAt(0)), BigInt(last.charCodeAt(0)), BigInt(given ?? '1'));
    return codes?.map((code) => String.fromCharCode(Number(code)));
  }
  const [, from, to, by] = /^(\d+)-(\d+)(?::(\d+))?$/.exec(inner) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const width = from.startsWith('0') ? from.length : 0;
  return steps(BigInt(from), BigInt(to), BigInt(by ?? '1'))?.map((number) => String(number).padStart(width, '0'));
}

function steps(from: bigint, to: bigint, by: bigint): bigint[] | undefined {
  if (by < 1n || to < from || (to - from) / by >= BigInt(mostExpansions)) return undefined;
  return Array.from({ length: Number((to - from) / by) + 1 }, (_, index) => from + BigInt(index) * by);
}
