/** What spreadsheets take for the beginning of a formula (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r\n]/;

/** A line of a table (RFC 4180), every cell in quotes. A text that a spreadsheet would execute gets an apostrophe before it. */
export const toCsv = (cells: readonly string[]): string =>
  `${cells.map((cell) => `"${(formula.test(cell) ? `'${cell}` : cell).replaceAll('"', '""')}"`).join(',')}\r\n`;
