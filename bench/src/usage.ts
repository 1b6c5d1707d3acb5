import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** `/proc` counts processor time in ticks of 10 ms on every Linux that Node supports (USER_HZ, proc(5)). */
const tickUs = 10_000;
const kibibyte = 1024;

type Stat = { parent: number; ownUs: number; waitedUs: number };

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may itself hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = (index: number) => Number(fields[index]) * tickUs;
    return { parent: Number(fields[1]), ownUs: ticks(11) + ticks(12), waitedUs: ticks(13) + ticks(14) };
  } catch {
    return undefined;
  }
}

/** The process and all below it. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? statOf(pid)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Processor time in µs: of the process itself, and of everything it started, ended or not. */
export function cpuOf(pid: number): { process: number; tree: number } {
  const tree = processTree(pid).map(statOf);
  return {
    process: tree[0]?.ownUs ?? 0,
    tree: tree.reduce((sum, stat) => sum + (stat?.ownUs ?? 0) + (stat?.waitedUs ?? 0), 0),
  };
}

/** A field of a file of `/proc`, given in kB there, in bytes. */
function sizeField(pid: number, file: 'status' | 'smaps_rollup', field: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * kibibyte;
  } catch {
    return 0;
  }
}

export const residentOf = (pid: number): number => sizeField(pid, 'status', 'VmRSS');

/** Memory of a process counted with its share of the pages that it shares (PSS), so that a sum over processes is true. In bytes. */
export const proportionalOf = (pid: number): number => sizeField(pid, 'smaps_rollup', 'Pss');

/** Begins to watch the largest resident size; answers how to read it. In bytes. */
export function watchPeak(pid: number): () => number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return () => sizeField(pid, 'status', 'VmHWM');
}

/** What the process is, in a word. */
export function nameOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const script = words.slice(1).find((word) => /\.[cm]?[jt]s$/.test(word) && !word.startsWith('--'));
  return (script ?? words[0] ?? '').split('/').at(-1) ?? '';
}
