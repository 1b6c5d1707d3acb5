export type Cell = string | number | undefined;
export type Table = {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** What a reader must know to not misread the figures. */
  notes?: readonly string[];
};

/** Lays a table out as Markdown that also reads well in a terminal: text to the left, numbers to the right. */
export function formatTable({ title, columns, rows, notes = [] }: Table): string {
  const cells = rows.map((row) => columns.map((_, index) => formatCell(row[index])));
  const widths = columns.map((column, index) => Math.max(column.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const isNumeric = columns.map((_, index) => rows.some((row) => typeof row[index] === 'number'));
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, index) => (isNumeric[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, index) => (isNumeric[index] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [`## ${title}`, line(columns), rule, ...cells.map(line), ...notes.map((note) => `- ${note}`)].join('\n');
}

/** Three significant digits, never an exponent: no figure here is known better. */
function formatCell(value: Cell): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (!Number.isFinite(value)) return '–';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))));
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, useGrouping: Math.abs(value) >= 10_000 });
}

/** "1.3×", the form of every ratio here: how many times the yardstick. */
export const times = (value: number): string => `${formatCell(value)}×`;
