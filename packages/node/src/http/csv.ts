/** Rows as RFC 4180. What a spreadsheet would take for a formula begins with an apostrophe, as OWASP has it. */
export function csvOf<Name extends string>(columns: readonly Name[], rows: readonly Readonly<Record<Name, string>>[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
