import { usageError } from './error.ts';

const sizes: Record<string, number> = { '': 1, b: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, kb: 1000, mb: 1000 ** 2, gb: 1000 ** 3 };
const times: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `64MiB` → bytes. Errors: CliError 2. */
export const parseSize = (text: string, option: string): number =>
  parse(text, sizes, `${option} ${text} is not a size.`, 'Write a number and a unit: 64MiB, 512KiB, 1GiB');

/** `30d` → milliseconds. Errors: CliError 2. */
export const parseTime = (text: string, option: string): number =>
  parse(text, times, `${option} ${text} is not a time.`, 'Write a number and a unit: 250ms, 10s, 5m, 2h, 30d');

function parse(text: string, units: Record<string, number>, message: string, advice: string): number {
  const [, count, unit = ''] = /^(\d+)\s*([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  if (count === undefined || factor === undefined) throw usageError(message, advice);
  return Number(count) * factor;
}

/** 1536 → "1.5 KiB". */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}
