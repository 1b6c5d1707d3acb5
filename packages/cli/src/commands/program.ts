import { programList } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { withSession } from '../node/sign-in.ts';
import { print, table } from '../output.ts';
import { formatSize } from '../units.ts';

type Common = { node?: string; key?: string; json?: boolean };

/** `program list`: what the node keeps for the caller, and how much it may. */
export async function listPrograms(options: Common, context: Context): Promise<void> {
  await withSession(options, context, async ({ client }) => {
    const kept = await client.get('/api/programs', programList);
    const { programs, usedBytes, limitBytes } = kept;
    const rows = programs.map(({ cid, kind, size, createdAt }) => [cid, kind, formatSize(size), new Date(createdAt).toISOString()]);
    const room = `${formatSize(usedBytes)} of ${limitBytes === null ? 'no limit' : formatSize(limitBytes)}`;
    const text = rows.length === 0 ? 'The node keeps no program for you.' : table([['PROGRAM', 'KIND', 'SIZE', 'SINCE'], ...rows]);
    print(context, { json: options.json, value: kept, text: `${text}\n${room}` });
  });
}

/** `program remove`: one that no offer of the caller sells. */
export async function removeProgram(cid: string, options: Common, context: Context): Promise<void> {
  await withSession(options, context, async ({ client }) => {
    await client.remove(`/api/programs/${encodeURIComponent(cid)}`);
    print(context, { json: options.json, value: { cid }, text: `${cid} is not kept for you any more` });
  });
}
