// Usage: npm run bench [-- NAME… --size MiB --entries COUNT --dir FOLDER]. Prints one table for each benchmark; asserts nothing.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calls } from './calls.ts';
import { computeEngines, computeServed } from './compute.ts';
import type { Context } from './context.ts';
import { driveLarge } from './drive-large.ts';
import { driveMillion } from './drive-million.ts';
import { driveOperations } from './drive-operations.ts';
import { identity } from './identity.ts';
import { keyvalue } from './keyvalue.ts';
import { paymentsGas } from './payments-gas.ts';
import { payments } from './payments.ts';
import { start } from './start.ts';
import { formatTable, type Table } from './table.ts';
import { transfer } from './transfer.ts';
import { tree } from './tree.ts';
import { uploads } from './uploads.ts';

const benchmarks: Record<string, (context: Context) => Promise<Table>> = {
  calls,
  payments,
  keyvalue,
  identity,
  transfer,
  uploads,
  tree,
  start,
  'compute-served': computeServed,
  'compute-engines': computeEngines,
  'drive-operations': driveOperations,
  'drive-large': driveLarge,
  'drive-million': driveMillion,
  'payments-gas': paymentsGas,
};
/** Several under one name. They take their time, so they are not run unless they are named. */
const groups: Record<string, readonly string[]> = {
  compute: ['compute-served', 'compute-engines'],
  drive: ['drive-operations', 'drive-large', 'drive-million'],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '256' },
    entries: { type: 'string', default: '100000' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const named = positionals.flatMap((name) => groups[name] ?? [name]);
const chosen = named.length > 0 ? named : Object.keys(benchmarks).filter((name) => !Object.values(groups).flat().includes(name));
const unknown = chosen.filter((name) => !(name in benchmarks));
if (unknown.length > 0)
  throw new Error(
    `There is no benchmark ${unknown.join(', ')}. There are: ${[...Object.keys(benchmarks), ...Object.keys(groups)].join(', ')}.`,
  );

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => ending.abort(new Error(`Ended by ${name}`)));

const load = () =>
  loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
const [processor] = cpus();
console.log(`# Freehold on ${cpus().length} × ${processor?.model ?? 'unknown processor'}, Node ${process.version}, load average ${load()}`);

const workplace = await mkdtemp(join(values.dir, 'freehold-bench-'));
try {
  for (const [name, benchmark] of Object.entries(benchmarks)) {
    if (!chosen.includes(name)) continue;
    const begun = performance.now();
    const before = load();
    const directory = join(workplace, name);
    await mkdir(directory);
    const table = await benchmark({ directory, sizeMiB: Number(values.size), entries: Number(values.entries), signal: ending.signal });
    console.log(`\n${formatTable(table)}`);
    console.log(`- Took ${((performance.now() - begun) / 1000).toFixed(0)} s; load average ${before} before, ${load()} after.`);
    await rm(directory, { recursive: true, force: true });
  }
} catch (error) {
  if (!ending.signal.aborted) throw error;
  console.error(`\n${String(ending.signal.reason)}`);
  process.exitCode = 1;
} finally {
  await rm(workplace, { recursive: true, force: true, maxRetries: 3 });
}
