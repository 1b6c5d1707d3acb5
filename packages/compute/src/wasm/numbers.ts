import type { CallSignature, CallType } from './abi.ts';

/**
 * Turns what was written in a call into the arguments of an exported function: numbers in decimal, bytes in base64, text as it
 * is. What is text stays so. Throws a sentence for the caller when something does not fit.
 */
export function toArguments(name: string, { parameters, results }: CallSignature, args: string[]): (number | bigint | string)[] {
  if (![...parameters, ...results].every((type) => type in readers)) {
    throw new RangeError(
      `The function "${name}" takes or returns something other than numbers and text, so it cannot be called from outside.`,
    );
  }
  if (args.length !== parameters.length) {
    throw new RangeError(
      `The function "${name}" takes ${parameters.length} arguments (${parameters.join(', ') || 'none'}), but ${args.length} were given.`,
    );
  }
  return args.map((text, index) => {
    const type = parameters[index] ?? 'i32';
    const value = readers[type]?.(text);
    if (value === undefined)
      throw new RangeError(
        `Argument ${index + 1} of "${name}" must be ${meanings[type] ?? `a decimal number of type ${type}`}, not "${text.slice(0, 40)}".`,
      );
    return value;
  });
}

const meanings: Partial<Record<CallType, string>> = { bytes: 'base64' };

/** What an exported function returned, in decimal: nothing, one number, or a list of them. */
export function fromResults(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => (Object.is(one, -0) ? '-0' : String(one)));
}

const readers: Partial<Record<CallType, (text: string) => number | bigint | string | undefined>> = {
  string: (text) => text,
  bytes: (text) => (/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? text : undefined),
  i32: (text) => {
    const value = readInteger(text, 32);
    return value === undefined ? undefined : Number(value);
  },
  i64: (text) => readInteger(text, 64),
  f32: readFloat,
  f64: readFloat,
};

/** Signed or unsigned: both -1 and 4294967295 are the i32 with all bits set. */
function readInteger(written: string, bits: 32 | 64): bigint | undefined {
  const text = written.trim();
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(bits, value) === value || BigInt.asUintN(bits, value) === value ? value : undefined;
}

function readFloat(written: string): number | undefined {
  const text = written.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || /^([+-]?Infinity|NaN)$/.test(text)) return Number(text);
  return undefined;
}
