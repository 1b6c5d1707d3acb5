import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { median, medianRatio } from './statistics.ts';
import { times, type Table } from './table.ts';
import { cpuOf, nameOf, processTree, proportionalOf, residentOf } from './usage.ts';

const rounds = 3;
const settleMs = 3_000;
const restMs = 5_000;
const mebibyte = 1024 * 1024;

/** From nothing to the first answer, and what the node takes while nobody asks anything. */
export async function start({ directory, signal }: Context): Promise<Table> {
  const http = openHttpClient();
  const starts: Record<'node' | 'fastify' | 'cold' | 'warm', number[]> = { node: [], fastify: [], cold: [], warm: [] };
  const data = (round: number) => join(directory, `data-${round}`);
  const compiled = (round: number) => ({ NODE_COMPILE_CACHE: join(directory, `compiled-${round}`) });

  for (let round = 0; round < rounds; round++) {
    await mkdir(data(round));
    const startNode = async () => {
      await using node = await startFreehold({ directory, data: data(round), environment: compiled(round), signal });
      expectStatus(await http.ask(`${node.url}/api/health`), 200);
      return performance.now();
    };
    starts.node.push(await timed(bareNode));
    starts.fastify.push(
      await timed(async () => {
        await using server = await startYardstick({ directory, signal });
        expectStatus(await http.ask(server.hello), 200);
        return performance.now();
      }),
    );
    starts.cold.push(await timed(startNode));
    starts.warm.push(await timed(startNode));
    if (round > 0) await rm(data(round), { recursive: true, force: true });
  }

  await using yardstick = await startYardstick({ directory, signal });
  await using node = await startFreehold({ directory, data: data(0), environment: compiled(0), signal });
  await delay(settleMs, undefined, { signal });
  const parts = processTree(node.pid);
  const [bare, ours] = await Promise.all([restOf([yardstick.pid]), restOf(parts)]);
  http.close();

  const row = (name: string, milliseconds: number[]) =>
    [name, median(milliseconds), times(medianRatio(milliseconds, starts.fastify))] as const;
  return {
    title: 'Start and rest',
    columns: ['', 'to first answer ms', 'of Fastify', 'RSS MiB', 'PSS MiB', 'CPU at rest %'],
    rows: [
      row('node -e 0 (yardstick)', starts.node),
      [...row('bare Fastify (yardstick)', starts.fastify), bare.resident, bare.proportional, bare.cpuPercent],
      row('cold: empty data directory, nothing compiled', starts.cold),
      [...row('warm: second start, with all its processes', starts.warm), ours.resident, ours.proportional, ours.cpuPercent],
      ...parts.map((pid) => [
        `  of these: ${nameOf(pid)}`,
        undefined,
        undefined,
        residentOf(pid) / mebibyte,
        proportionalOf(pid) / mebibyte,
      ]),
    ],
    notes: [
      `Median of ${rounds} starts. The first answer is that of /api/health: both sandboxes have proved themselves and the chain answers by then.`,
      `At rest: ${restMs / 1000} s without a request, percent of one processor. RSS counts shared pages in every process, PSS once.`,
    ],
  };
}

/** Milliseconds; the work may say itself when it was done, before it cleaned up. */
async function timed(work: () => Promise<number | void>): Promise<number> {
  const begun = performance.now();
  const done = await work();
  return (done ?? performance.now()) - begun;
}

async function bareNode(): Promise<void> {
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
}

async function restOf(pids: readonly number[]) {
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
  const cpu = () => sum((pid) => cpuOf(pid).process);
  const before = cpu();
  await delay(restMs);
  return {
    cpuPercent: (cpu() - before) / (restMs * 10),
    resident: sum(residentOf) / mebibyte,
    proportional: sum(proportionalOf) / mebibyte,
  };
}
