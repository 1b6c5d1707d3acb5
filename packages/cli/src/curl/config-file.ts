import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Token } from './command-line.ts';
import type { OptionTable } from './option-table.ts';

/** The options of a `-K` file (curl's manual, "CONFIG FILE"): `name value`, `name = "value"`, `name: value`, `-x value`, `# comment`. */
export function readConfigFile(text: string, table: OptionTable): Token[] {
  const tokens: Token[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, written, rest = ''] = /^\s*([^\s=:#][^\s=:]*)\s*[=:]?\s*(.*)$/.exec(line) ?? [];
    if (!written) continue;
    const option = table.get(written) ?? table.get(`--${written}`);
    const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1];
    const value = quoted === undefined ? rest.trim() : quoted.replace(/\\(.)/g, '$1');
    tokens.push({ name: option?.name ?? `--${written}`, value: option?.takesValue ? value : undefined, at: undefined });
  }
  return tokens;
}

/** The options of every `-K` on a command line. A file that cannot be read is left for curl to complain about. */
export function configuredTokens(
  tokens: readonly Token[],
  { table, stdinFile, cwd }: { table: OptionTable; stdinFile: string | undefined; cwd: string },
): Token[] {
  return tokens.flatMap(({ name, value }) => {
    const file = value === '-' ? stdinFile : value && resolve(cwd, value);
    if (name !== '--config' || !file) return [];
    try {
      return readConfigFile(readFileSync(file, 'utf8'), table);
    } catch {
      return [];
    }
  });
}
