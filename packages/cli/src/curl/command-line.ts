import { usageError } from '../error.ts';
import type { PayOptions } from '../pay/options.ts';
import type { OptionTable } from './option-table.ts';

/** One option or URL of a curl command line. `at` is the index of the argument that is exactly its value, or exactly it when it takes none. */
export type Token = { name: string; value: string | undefined; at: number | undefined };

/** The name under which a bare URL appears among the tokens. */
export const url = '--url';

/** Ours among the options: how to pay, and whether to tell of it. */
export type OwnOptions = PayOptions & { trace: boolean };

export type CommandLine = {
  own: OwnOptions;
  /** curl's arguments, in the order given. */
  args: string[];
  /** The same, understood. */
  tokens: Token[];
  /** Where further options can be put so that they win over those given: the end, or before `--`. */
  optionsEnd: number;
};

/** `--key` is also curl's name for a TLS key file: it is ours only when it looks like a key or says where one is. */
const isOurKey = (value: string) => /^(@.|0x[0-9a-fA-F]{64}$|env:.)/.test(value);

/** Takes our options out of a curl command line and leaves the rest as it was. Errors: CliError 2. */
export function readCommandLine(argv: readonly string[], table: OptionTable): CommandLine {
  const own: OwnOptions = { key: undefined, pay: [], max: [], perCallMax: [], dryRun: false, trace: false };
  const args: string[] = [];
  const tokens: Token[] = [];
  let optionsEnd: number | undefined;

  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    const keep = (name: string, takesValue: boolean, attached?: string) => {
      args.push(argument);
      if (attached !== undefined) return tokens.push({ name, value: attached, at: undefined });
      if (!takesValue) return tokens.push({ name, value: undefined, at: args.length - 1 });
      const value = argv[++index];
      if (value !== undefined) args.push(value);
      return tokens.push({ name, value, at: args.length - 1 });
    };
    const takeOwn = (inline: string | undefined) => {
      const value = inline ?? argv[++index];
      if (value === undefined) throw usageError(`${argument} needs a value.`, 'freehold curl --help');
      return value;
    };

    if (optionsEnd !== undefined || !argument.startsWith('-') || argument === '-') {
      args.push(argument);
      tokens.push({ name: url, value: argument, at: args.length - 1 });
    } else if (argument === '--') {
      optionsEnd = args.push(argument) - 1;
    } else if (argument.startsWith('--')) {
      const [, name = argument, inline] = /^(--[^=]+)=(.*)$/s.exec(argument) ?? [];
      if (name === '--dry-run-pay' || name === '--dry-run') own.dryRun = true;
      else if (name === '--trace-pay') own.trace = true;
      else if (name === '--pay') own.pay.push(takeOwn(inline));
      else if (name === '--max') own.max.push(takeOwn(inline));
      else if (name === '--per-call-max') own.perCallMax.push(takeOwn(inline));
      else if (name === '--session') own.session = takeOwn(inline);
      else if (name === '--scheme') own.scheme = takeOwn(inline);
      else if (name === '--deposit') own.deposit = takeOwn(inline);
      else if (name === '--key' && isOurKey(inline ?? argv[index + 1] ?? '')) own.key = takeOwn(inline);
      else {
        const option = findLong(name, table);
        keep(option.name, option.takesValue, inline);
      }
    } else {
      // A cluster such as -sSo file: letters up to the first that takes the rest, or the next argument, as its value.
      for (let letter = 1; letter < argument.length; letter++) {
        const option = table.get(`-${argument[letter]}`);
        const isLast = letter === argument.length - 1;
        if (option?.takesValue) {
          keep(option.name, true, isLast ? undefined : argument.slice(letter + 1));
          break;
        }
        if (isLast) args.push(argument);
        tokens.push({
          name: option?.name ?? `-${argument[letter]}`,
          value: undefined,
          at: argument.length === 2 ? args.length - 1 : undefined,
        });
      }
    }
  }
  return { own, args, tokens, optionsEnd: optionsEnd ?? args.length };
}

/** curl takes a long option by any beginning of its name, and `--no-` before one that takes no value. */
function findLong(name: string, table: OptionTable) {
  const exact = table.get(name);
  if (exact) return exact;
  if (name.startsWith('--no-') && table.get(`--${name.slice(5)}`)) return { name, takesValue: false };
  for (const [key, option] of table) if (key.startsWith('--') && key.startsWith(name)) return option;
  return { name, takesValue: false };
}

/** Options of ours, placed where they win over those given before. */
export const withOptions = ({ args, optionsEnd }: CommandLine, options: readonly string[]): string[] =>
  args.toSpliced(optionsEnd, 0, ...options);
