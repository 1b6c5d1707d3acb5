import { url, type CommandLine, type Token } from './command-line.ts';
import { expandGlob, fillName } from './glob.ts';
import type { OptionTable } from './option-table.ts';

/** One transfer of a command line with several. */
export type Part = {
  commandLine: CommandLine;
  /** Which set of options (`--next`) it belongs to, counted from 0, and its place in that. */
  group: number;
  index: number;
};

/** Whose meaning is a transfer of its own; the rest of a set holds for all of its transfers. */
const outputs = new Set(['--output', '--remote-name']);
const ownOfTransfer = new Set([url, '--upload-file', ...outputs]);
/** What is about many transfers means nothing to one; `--next` ends a set, and what a config file says stands among the options. */
const aboutMany = new Set(['--next', '--config', '--parallel', '--parallel-max', '--parallel-immediate', '--fail-early', '--rate']);

/**
 * A command line as one for each transfer, in curl's order: sets of options (`--next`), their URLs with the n-th `-o` or `-O` and the n-th `-T`,
 * and what `{}` and `[]` patterns stand for. Undefined when it cannot be understood to the end: then curl has to say so.
 */
export function splitTransfers({ own }: CommandLine, tokens: readonly Token[], table: OptionTable): Part[] | undefined {
  if (tokens.some(({ name, value }) => !isKnown(name, value, table))) return undefined;
  const parts: Part[] = [];
  let first = 0;
  const ends = [...tokens.flatMap(({ name }, at) => (name === '--next' ? [at] : [])), tokens.length];
  for (const [group, end] of ends.entries()) {
    const set = tokens.slice(first, end);
    first = end + 1;
    const transfers = transfersOf(set);
    if (!transfers) return undefined;
    const shared = set.filter(({ name }) => !ownOfTransfer.has(name) && !aboutMany.has(name));
    for (const [index, transfer] of transfers.entries())
      parts.push({ group, index, commandLine: commandLineOf([...shared, ...transfer], own) });
  }
  return parts;
}

type Option = { name: string; value: string | undefined };

function transfersOf(set: readonly Token[]): Option[][] | undefined {
  const valuesOf = (...names: string[]) => set.filter(({ name }) => names.includes(name));
  const isPlain = set.some(({ name }) => name === '--globoff');
  const expand = (text: string) => (isPlain ? [{ text, groups: [] }] : expandGlob(text));
  const places = valuesOf(...outputs);
  const uploads = valuesOf('--upload-file');
  const transfers: Option[][] = [];
  for (const [at, { value = '' }] of valuesOf(url).entries()) {
    const addresses = expand(value);
    const upload = uploads[at]?.value;
    const files = upload === undefined ? [undefined] : expand(upload)?.map(({ text }) => text);
    if (!addresses || !files) return undefined;
    for (const file of files) {
      for (const { text, groups } of addresses) {
        const place = places[at];
        const output: Option[] = place
          ? [{ name: place.name, value: place.value === undefined ? undefined : fillName(place.value, groups) }]
          : [];
        transfers.push([
          ...(isPlain ? [] : [{ name: '--globoff', value: undefined }]),
          { name: url, value: text },
          ...output,
          ...(file === undefined ? [] : [{ name: '--upload-file', value: file }]),
        ]);
      }
    }
  }
  return transfers;
}

function commandLineOf(options: readonly Option[], own: CommandLine['own']): CommandLine {
  const args: string[] = [];
  const tokens = options.map(({ name, value }): Token => {
    args.push(name, ...(value === undefined ? [] : [value]));
    return { name, value, at: args.length - 1 };
  });
  return { own, args, tokens, optionsEnd: args.length };
}

function isKnown(name: string, value: string | undefined, table: OptionTable): boolean {
  const option = table.get(name) ?? (name.startsWith('--no-') ? table.get(`--${name.slice(5)}`) : undefined);
  if (!option) return false;
  return name.startsWith('--no-') && !table.has(name) ? value === undefined : option.takesValue === (value !== undefined);
}
