import { auditRows } from '../store/audit.ts';
import { trashOf } from '../trash.ts';
import type { AuditOptions } from './audit.ts';
import type { Check, Problem } from './finding.ts';
import { recovery } from './recovery.ts';

/** What is counted or noted about content, against what really names it. */
export function bookChecks({ context, accountOf, signal }: AuditOptions): Check[] {
  const { database, blobs, now } = context;
  const rows = auditRows(database.read);
  const { adopt } = recovery({ context, accountOf });
  const change = (work: (tx: ReturnType<typeof auditRows>) => Promise<void>) => database.transaction((tx) => work(auditRows(tx)));

  return [
    {
      name: 'earlier contents and their files',
      run: async (limit) =>
        (await rows.strayVersions(limit)).map(({ entry, number, drive, owner }): Problem => {
          const problem = { kind: 'version_stray', severity: 'wrong', drive, entry } as const;
          if (owner === null)
            return {
              ...problem,
              message: `Version ${number} belongs to ${entry}, which is no file. A repair makes it a file in the folder "Recovered".`,
              repair: () => adopt(drive, entry, number),
            };
          return {
            ...problem,
            message: `Version ${number} of ${entry} is counted for drive ${drive}, but the file is in drive ${owner}.`,
            repair: () => change((tx) => tx.setVersionDrive(entry, number, owner)),
          };
        }),
    },
    {
      name: 'deletions under way',
      run: async (limit) =>
        (await rows.doomed(limit)).map(({ folder, drive, alive }): Problem => {
          if (alive)
            return {
              kind: 'deletion_wrong',
              severity: 'wrong',
              message: `The contents of the folder ${folder} are marked to be deleted, though the folder is there. A repair keeps them.`,
              drive,
              entry: folder,
              repair: () => change((tx) => tx.undoom(folder)),
            };
          return {
            kind: 'deletion_unfinished',
            severity: 'notice',
            message: `A folder of drive ${drive} was deleted for good, and what was in it is not yet removed. The node goes on with that by itself.`,
            drive,
            repair: async () => {
              const row = await rows.drive(drive);
              if (row) await trashOf(accountOf(row.account), context).reap({ signal });
            },
          };
        }),
    },
    {
      name: 'content that nothing describes',
      async *run(limit) {
        for (const { cid, names } of await rows.dangling(limit)) {
          const [first] = await rows.namesOf(cid, 1);
          yield {
            kind: 'content_unknown',
            severity: 'wrong',
            message: `Content ${cid}, which is named ${names} times${first ? ` (such as by "${first.name}")` : ''}, is not in the books. A repair looks for it on the disk.`,
            cid,
            async repair() {
              const found = await blobs.identify(cid, signal);
              const size = found?.size ?? (await rows.sizeOf(cid));
              await change((tx) => tx.insertBlob({ cid, size, leaves: found?.leaves ?? null, damaged: !found }, now()));
            },
          };
        }
      },
    },
    {
      name: 'sizes',
      run: async (limit) =>
        (await rows.missized(limit)).map(({ id, number, size, stored }): Problem => ({
          kind: 'size_wrong',
          severity: 'wrong',
          message: `${number > 0 ? `Version ${number} of ${id}` : `File ${id}`} says it has ${size} bytes, but its content has ${stored}.`,
          entry: id,
          repair: () => change((tx) => tx.setSize(id, number, stored)),
        })),
    },
    {
      name: 'references of the content',
      run: async (limit) =>
        (await rows.miscountedBlobs(limit)).map(({ cid, refs, counted }): Problem => ({
          kind: 'references_miscounted',
          severity: 'wrong',
          message: `Content ${cid} counts ${refs} references, but ${counted} exist.`,
          cid,
          repair: () => change((tx) => tx.recountBlob(cid)),
        })),
    },
    {
      name: 'content that nothing uses',
      run: async (limit) =>
        (await rows.misdated(limit)).map(({ cid, refs }): Problem => ({
          kind: 'unused_misdated',
          severity: 'wrong',
          message:
            refs === 0
              ? `Content ${cid} is used by nothing, but would never be removed.`
              : `Content ${cid} is in use, but noted as unused.`,
          cid,
          repair: () => change((tx) => tx.redate(cid, now())),
        })),
    },
    {
      name: 'bytes used by each drive',
      run: async (limit) =>
        (await rows.miscountedDrives(limit)).map(({ id, used, counted }): Problem => ({
          kind: 'usage_miscounted',
          severity: 'wrong',
          message: `Drive ${id} counts ${used} bytes as used, but holds ${counted}.`,
          drive: id,
          repair: () => change((tx) => tx.recountDrive(id)),
        })),
    },
  ];
}
