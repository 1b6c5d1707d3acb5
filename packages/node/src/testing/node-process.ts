import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

/** A process, told from a later one with the same id by the moment it began. */
export type Process = { pid: number; parent: number; name: string; begun: string };

export type NodeProcess = {
  url: string;
  pid: number;
  log: string[];
  /** The processes that it and its children started, as they are now. */
  below: () => Process[];
  /** The process id of its test chain, which is meant to outlive it. */
  chain: () => number;
  /** kill -9. Answers what lived below it at that moment, without the chain. */
  kill: () => Promise<Process[]>;
  /** Asks it to end, as a person would. Answers its exit code. */
  end: () => Promise<number>;
};

/** A node in a process of its own, started as a person would on their data directory. */
export async function startNodeProcess({ dataDirectory, port = 0 }: { dataDirectory: string; port?: number }): Promise<NodeProcess> {
  const main = join(import.meta.dirname, '../../../cli/src/main.ts');
  const child = spawn(process.execPath, [main, 'up', '--port', String(port), '--data', dataDirectory, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: dataDirectory, FREEHOLD_CONCURRENCY: '2' },
  });
  const log: string[] = [];
  child.stderr.on('data', (text: Buffer) => log.push(text.toString()));
  const exited = once(child, 'exit');
  let said = '';
  for await (const line of createInterface({ input: child.stdout })) {
    said += line;
    if (line === '}') break;
  }
  const { pid } = child;
  if (said === '' || pid === undefined) throw new Error(`The node did not start: ${log.join('')}`);
  const chain = (): number => JSON.parse(readFileSync(join(dataDirectory, 'chain', 'process.json'), 'utf8')).pid;
  const below = () => processesBelow([pid]);
  return {
    url: JSON.parse(said).url,
    pid,
    log,
    below,
    chain,
    async kill() {
      const left = below().filter((one) => one.pid !== chain());
      child.kill('SIGKILL');
      await exited;
      return left;
    },
    async end() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

/** Waits until none of the processes is left, nor any that they have started meanwhile. Answers those that stayed. */
export async function stayed(processes: readonly Process[], withinMs = 5_000): Promise<Process[]> {
  const deadline = Date.now() + withinMs;
  let known = [...processes];
  for (;;) {
    const alive = known.filter(isAlive);
    known = [...alive, ...processesBelow(alive.map(({ pid }) => pid))];
    if (known.length === 0 || Date.now() > deadline) return known;
    await wait(20);
  }
}

export const isAlive = ({ pid, begun }: Pick<Process, 'pid' | 'begun'>): boolean => look(pid)?.begun === begun;

function processesBelow(roots: readonly number[]): Process[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (look(Number(name)) ?? []) : []));
  const found: Process[] = [];
  for (let parents = new Set(roots); parents.size > 0;) {
    const children = all.filter(({ parent, pid }) => parents.has(parent) && !found.some((one) => one.pid === pid));
    found.push(...children);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found;
}

/** proc(5), /proc/PID/stat: the name is in brackets and may contain any character. One that has ended and waits for its parent is none. */
export function look(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return state === 'Z' || state === 'X' ? undefined : { pid, parent: Number(parent), name, begun: rest[17] ?? '' };
  } catch {
    return undefined;
  }
}
