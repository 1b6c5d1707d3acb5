/** The value below which `share` (0 to 1) of the values lie; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/**
 * How many times the yardstick, as the median of the ratios within each round: a neighbour who takes the processor for one
 * round spoils that round only.
 */
export const medianRatio = (ours: readonly number[], yardstick: readonly number[]): number =>
  median(ours.flatMap((value, round) => (yardstick[round] === undefined ? [] : [value / yardstick[round]])));
