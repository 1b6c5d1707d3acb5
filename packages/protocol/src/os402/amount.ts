/** A decimal number, exactly: `digits` / 10^`scale`. */
type Decimal = { digits: bigint; scale: number };

/** "1.5e-3" and the like. Undefined for what is no decimal number, is negative, or has an exponent beyond all money. */
function parseDecimal(text: string): Decimal | undefined {
  const [, whole, fraction = '', exponent = '0'] = /^(\d{1,60})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** How far a price may be off a whole number of atomic units and still mean it: OS402 divides prices in binary floating point. */
const tolerance = 1_000_000_000n;

/**
 * A price in tokens, times so many seconds, in atomic units: without floating point. What no number of atomic units can express is
 * rounded up, so that a price never becomes nothing. Undefined when the text is no amount.
 */
export function atomicUnits(text: string, { seconds, decimals }: { seconds: number; decimals: number }): bigint | undefined {
  const decimal = parseDecimal(text);
  if (!decimal) return undefined;
  const numerator = decimal.digits * BigInt(seconds) * 10n ** BigInt(decimals);
  const denominator = 10n ** BigInt(decimal.scale);
  const nearest = (2n * numerator + denominator) / (2n * denominator);
  const error = nearest * denominator - numerator;
  if ((error < 0n ? -error : error) * tolerance <= numerator) return nearest;
  return (numerator + denominator - 1n) / denominator;
}
