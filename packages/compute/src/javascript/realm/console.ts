import { format, formatAll, formatError } from './format.ts';

/** `console`: everything goes to standard error, since standard output is the answer. */
export function openConsole({ log, now }: { log: (text: string) => void; now: () => number }) {
  const counts = new Map<string, number>();
  const times = new Map<string, number>();
  let indent = '';
  const print = (...values: unknown[]) => {
    const [first, ...rest] = values;
    const text = typeof first === 'string' && first.includes('%') ? fill(first, rest) : formatAll(values);
    log(`${`${indent}${text}`.replaceAll('\n', `\n${indent}`)}\n`);
  };
  const since = (label: string) => `${label}: ${(now() - (times.get(label) ?? now())).toFixed(3)} ms`;
  return {
    log: print,
    info: print,
    debug: print,
    warn: print,
    error: print,
    dir: (value: unknown) => print(format(value)),
    table: print,
    trace: (...values: unknown[]) => print(`Trace: ${formatAll(values)}`, formatError(new Error()).split('\n').slice(2).join('\n')),
    assert: (holds: unknown, ...values: unknown[]) => {
      if (!holds) print('Assertion failed', ...values);
    },
    count: (label: unknown = 'default') => {
      const name = String(label);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      print(`${name}: ${counts.get(name)}`);
    },
    countReset: (label: unknown = 'default') => void counts.delete(String(label)),
    time: (label: unknown = 'default') => void times.set(String(label), now()),
    timeLog: (label: unknown = 'default', ...values: unknown[]) => print(since(String(label)), ...values),
    timeEnd: (label: unknown = 'default') => {
      print(since(String(label)));
      times.delete(String(label));
    },
    group: (...values: unknown[]) => {
      if (values.length > 0) print(...values);
      indent = `${indent}  `.slice(0, 40);
    },
    groupEnd: () => void (indent = indent.slice(2)),
    clear: () => undefined,
  };
}

/** `%s`, `%d`, … as the console specification has them. */
function fill(pattern: string, values: readonly unknown[]): string {
  let used = 0;
  const text = pattern.replace(/%[sdifoOjc%]/g, (mark) => {
    if (mark === '%%') return '%';
    if (used >= values.length) return mark;
    const value = values[used++];
    if (mark === '%c') return '';
    if (mark === '%d' || mark === '%f') return String(Number(value));
    if (mark === '%i') return String(Math.trunc(Number(value)));
    return format(value);
  });
  return [text, ...values.slice(used).map((value) => format(value))].join(' ');
}
