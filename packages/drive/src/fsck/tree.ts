import { nameKey } from '../file-name.ts';
import { auditRows } from '../store/audit.ts';
import { entryRows } from '../store/entries.ts';
import { storeOf } from '../store.ts';
import { treeOf } from '../tree.ts';
import type { AuditOptions } from './audit.ts';
import type { Check, Problem } from './finding.ts';
import { recovery } from './recovery.ts';

const page = 1000;

/** Whether a way leads from the root of a drive to everything in it, under one name each. */
export function treeChecks({ context, accountOf, signal }: AuditOptions): Check[] {
  const { database, now } = context;
  const rows = auditRows(database.read);
  const { reattach } = recovery({ context, accountOf });

  return [
    {
      name: 'numbers of the changes',
      run: async (limit) =>
        (await rows.brokenFeeds(limit)).map(({ id, seq, first, last, count }): Problem => ({
          kind: 'feed_broken',
          severity: 'wrong',
          message: `Drive ${id} has counted ${seq} changes, but keeps ${count} with the numbers ${first} to ${last}. A repair begins the list anew; whoever follows it lists once.`,
          drive: id,
          repair: () => database.transaction((tx) => auditRows(tx).restartFeed(id)),
        })),
    },
    {
      name: 'roots of the drives',
      run: async (limit) =>
        (await rows.rootless(limit)).map(({ id, root, found }): Problem => {
          const problem = { kind: 'root_missing', severity: 'wrong', drive: id, entry: root } as const;
          if (found !== null) return { ...problem, message: `The root ${root} of drive ${id} is not a folder of its own at the top.` };
          const at = now();
          const entry = {
            id: root,
            parent: null,
            name: '',
            name_key: '',
            kind: 'folder',
            size: 0,
            cid: null,
            media_type: null,
            target: null,
            attributes: null,
          } as const;
          return {
            ...problem,
            message: `The root folder of drive ${id} is missing.`,
            repair: () =>
              database.transaction((tx) => entryRows(tx, id).insert({ ...entry, created_at: at, modified_at: at, trashed_at: null })),
          };
        }),
    },
    {
      name: 'folders above every entry',
      run: async (limit) =>
        (await rows.unreachable(limit)).map(({ id, drive, name, parent, found, foreign }): Problem => {
          const why = foreign
            ? 'lies in a folder of another drive'
            : found === null
              ? 'lies in a folder that does not exist'
              : 'lies in a file';
          return {
            kind: 'entry_unreachable',
            severity: 'wrong',
            message: `"${name}" (${id}) ${why} (${parent ?? 'none'}), so no way leads to it. A repair puts it into the folder "Recovered".`,
            drive,
            entry: id,
            repair: () => reattach(drive, id),
          };
        }),
    },
    {
      name: 'circles of folders',
      async run(limit) {
        const circling = new Map((await rows.circling(limit)).map((folder) => [folder.id, folder]));
        const seen = new Set<string>();
        const problems: Problem[] = [];
        for (const start of circling.keys()) {
          const way: string[] = [];
          let at: string | undefined = start;
          while (at !== undefined && !seen.has(at)) {
            seen.add(at);
            way.push(at);
            at = circling.get(at)?.parent;
          }
          const folder = at !== undefined && way.includes(at) ? circling.get(at) : undefined;
          if (!folder) continue;
          const { id, drive, name } = folder;
          problems.push({
            kind: 'entry_circular',
            severity: 'wrong',
            message: `The folder "${name}" (${id}) lies, in the end, in itself. A repair puts it into the folder "Recovered".`,
            drive,
            entry: id,
            repair: () => reattach(drive, id),
          });
        }
        return problems;
      },
    },
    {
      name: 'names that are taken twice',
      run: async (limit) =>
        (await rows.duplicates(limit)).map(({ drive, parent, name, count, last }): Problem => ({
          kind: 'name_duplicate',
          severity: 'wrong',
          message: `${count} entries of the folder ${parent} have the name "${name}". A repair gives the youngest another.`,
          drive,
          entry: last,
          repair: () => rename(drive, last),
        })),
    },
    {
      name: 'sort keys of the names',
      async *run() {
        for (let found = await rows.names('', page); found.length > 0;) {
          signal.throwIfAborted();
          for (const { id, drive, name, name_key } of found) {
            if (name_key === nameKey(name)) continue;
            yield {
              kind: 'name_key_wrong',
              severity: 'wrong',
              message: `"${name}" (${id}) is sorted under "${name_key}", so it cannot be found by its name.`,
              drive,
              entry: id,
              repair: () => rename(drive, id),
            };
          }
          found = await rows.names(found.at(-1)?.id ?? '', page);
        }
      },
    },
  ];

  /** The name it has if that is free, else the next free one. */
  async function rename(drive: string, id: string): Promise<void> {
    await database.transaction(async (tx) => {
      const row = await auditRows(tx).drive(drive);
      const store = storeOf(tx, drive);
      const entry = await store.entries.get(id);
      if (!row || !entry || entry.parent === null) return;
      const holder = await store.entries.child(entry.parent, nameKey(entry.name));
      const isFree = !holder || (holder.id === id && entry.name_key !== nameKey(entry.name));
      const name = isFree ? entry.name : await treeOf(store, row.root, new Set()).freeName(entry.parent, entry.name, entry.kind);
      await store.entries.setName(id, { name, name_key: nameKey(name) });
    });
  }
}
