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

/** Stands after a `-K` whose file cannot be read: curl is to complain about it. */
export const unreadable = '--config that cannot be read';

/** The options of a command line, with those of every `-K` after it. */
export function withConfigured(
  tokens: readonly Token[],
  { table, stdinFile, cwd }: { table: OptionTable; stdinFile: string | undefined; cwd: string },
): Token[] {
  return tokens.flatMap((token) => {
    const { name, value } = token;
    const file = value === '-' ? stdinFile : value && resolve(cwd, value);
    if (name !== '--config') return [token];
    const broken = { name: unreadable, value: undefined, at: undefined };
    if (!file) return [token, broken];
    try {
      return [token, ...readConfigFile(readFileSync(file, 'utf8'), table)];
    } catch {
      return [token, broken];
    }
  });
}
