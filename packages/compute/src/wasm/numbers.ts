import type { Signature, ValueType } from './parse.ts';

/** Turns decimal text into the arguments of an exported function. Throws a sentence for the caller when they do not fit. */
export function toArguments(name: string, { parameters, results }: Signature, args: string[]): (number | bigint)[] {
  if (![...parameters, ...results].every((type) => type in readers)) {
    throw new RangeError(`The function "${name}" takes or returns something other than numbers, so it cannot be called from outside.`);
  }
  if (args.length !== parameters.length) {
    throw new RangeError(
      `The function "${name}" takes ${parameters.length} arguments (${parameters.join(', ') || 'none'}), but ${args.length} were given.`,
    );
  }
  return args.map((text, index) => {
    const type = parameters[index] ?? 'i32';
    const value = readers[type]?.(text.trim());
    if (value === undefined)
      throw new RangeError(`Argument ${index + 1} of "${name}" must be a decimal number of type ${type}, not "${text.slice(0, 40)}".`);
    return value;
  });
}

/** What an exported function returned, in decimal: nothing, one number, or a list of them. */
export function fromResults(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => (Object.is(one, -0) ? '-0' : String(one)));
}

const readers: Partial<Record<ValueType, (text: string) => number | bigint | undefined>> = {
  i32: (text) => {
    const value = readInteger(text, 32);
    return value === undefined ? undefined : Number(value);
  },
  i64: (text) => readInteger(text, 64),
  f32: readFloat,
  f64: readFloat,
};

/** Signed or unsigned: both -1 and 4294967295 are the i32 with all bits set. */
function readInteger(text: string, bits: 32 | 64): bigint | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(bits, value) === value || BigInt.asUintN(bits, value) === value ? value : undefined;
}

function readFloat(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || /^([+-]?Infinity|NaN)$/.test(text)) return Number(text);
  return undefined;
}
