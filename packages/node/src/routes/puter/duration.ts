const second = 1000;
const day = 86_400 * second;
const units: Record<string, number> = { s: second, m: 60 * second, h: 3600 * second, d: day, w: 7 * day, y: 365.25 * day };

/** A number of seconds, or a text like `24h`, `30d`, `1.5 h`, `90s` or `3600` (seconds): milliseconds, or NaN when it is neither. */
export function parseDuration(given: number | string): number {
  if (typeof given === 'number') return given * second;
  const match =
    /^\s*(\d{1,12}(?:\.\d{1,6})?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|y|yrs?|years?)?\s*$/i.exec(given);
  const unit = units[match?.[2]?.charAt(0).toLowerCase() ?? 's'] ?? Number.NaN;
  return match ? Number(match[1]) * unit : Number.NaN;
}
