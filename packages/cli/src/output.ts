import type { Context } from './context.ts';

/** Writes the answer of a command: with `json` one JSON value, else the text. */
export function print(
  { stdout }: Pick<Context, 'stdout'>,
  { json, value, text }: { json: boolean | undefined; value: unknown; text: string },
): void {
  stdout.write(json ? `${JSON.stringify(value, undefined, 2)}\n` : text === '' ? '' : `${text}\n`);
}

/** Rows in columns as wide as their content; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
