const units = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Sizes as people read them, in powers of 1000: "0 bytes", "1.2 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${Math.round(bytes)} bytes`;
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${units[power]}`;
}

/** "12 s", "3 min", "2 h": never more exact than an estimate can be. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

const dayMs = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const thisYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const anyYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** "just now", "14:05", "yesterday 09:12", "3 Mar", "3 Mar 2024". `time` and `now` in milliseconds since the epoch. */
export function formatMoment(time: number, now = Date.now()): string {
  const date = new Date(time);
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (Math.abs(now - time) < 60_000) return 'just now';
  if (time >= midnight && time < midnight + dayMs) return clock.format(date);
  if (time < midnight && time >= midnight - dayMs) return `yesterday ${clock.format(date)}`;
  return (date.getFullYear() === new Date(now).getFullYear() ? thisYear : anyYear).format(date);
}

export const formatCount = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`;
