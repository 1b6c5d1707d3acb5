import type { Context } from './context.ts';
import type { Table } from './table.ts';
import { transfer } from './transfer.ts';

const gibibyte = 1024;

/** One file of 1 GiB up and down: what `transfer` measures, with what was promised of it. */
export async function driveLarge(context: Context): Promise<Table> {
  const table = await transfer({ ...context, sizeMiB: gibibyte });
  const promised =
    'Promised: an upload takes at most 2× copy + sha256, a download at most 1.5× node:http, memory stays below 250 MB (238 MiB).';
  return { ...table, notes: [promised, ...(table.notes ?? [])] };
}
