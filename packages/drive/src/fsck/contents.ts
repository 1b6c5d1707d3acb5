import { basename } from 'node:path';
import { auditRows } from '../store/audit.ts';
import { blobRows } from '../store/blobs.ts';
import type { AuditOptions } from './audit.ts';
import type { Check, Finding } from './finding.ts';

const page = 200;
const namesTold = 3;
const kinds = { missing: 'content_missing', length: 'content_truncated', bytes: 'content_damaged' } as const;

/** The bytes themselves: whether they are there, are the ones that were stored, and whether there is anything else. */
export function contentChecks({ context, grace, rehash, repair, signal, onProgress }: AuditOptions): Check[] {
  const { database, blobs, now } = context;
  const blobsOf = blobRows(database.read);

  async function whoNames(cid: string): Promise<string> {
    const names = await auditRows(database.read).namesOf(cid, namesTold + 1);
    if (names.length === 0) return 'Nothing names it any more.';
    const told = names.slice(0, namesTold).map(({ name, id }) => `"${name}" (${id})`);
    return `It is the content of ${told.join(', ')}${names.length > namesTold ? ' and others' : ''}. Send the same file again, or restore it from a backup.`;
  }

  return [
    {
      name: rehash ? 'every byte of the content' : 'the content on the disk',
      async *run() {
        const total = await blobsOf.count();
        let done = 0;
        for (let found = await blobsOf.after('', page); found.length > 0;) {
          for (const { cid, size, file, damaged_at } of found) {
            signal.throwIfAborted();
            done += 1;
            if (!file && !rehash && damaged_at === null) continue;
            const row = await blobsOf.get(cid);
            if (!row) continue;
            const condition = await blobs.examine(row, { rehash: rehash || damaged_at !== null, signal });
            if (condition.state === 'damaged') {
              // Noted, so that nobody is given wrong bytes; that brings nothing back.
              if (repair && damaged_at === null) await blobs.verify(cid, signal);
              const what = {
                missing: 'is missing on the disk',
                length: `has ${condition.found} bytes on the disk instead of ${size}`,
                bytes: 'is damaged: its bytes are not the ones that were stored',
              }[condition.problem];
              yield {
                kind: kinds[condition.problem],
                severity: 'lost' satisfies Finding['severity'],
                message: `Content ${cid} ${what}. ${await whoNames(cid)}`,
                cid,
              };
            } else if (damaged_at !== null) {
              yield {
                kind: 'content_recovered',
                severity: 'wrong',
                message: `Content ${cid} is noted as damaged, but its bytes are right.`,
                cid,
                repair: () => database.transaction((tx) => blobRows(tx).setVerified(cid, now())),
              };
            }
          }
          onProgress?.({ check: 'content', done, total });
          found = await blobsOf.after(found.at(-1)?.cid ?? '', page);
        }
      },
    },
    {
      name: 'other files on the disk',
      async *run() {
        for await (const { path, kind, size, age } of blobs.strays(signal)) {
          const name = basename(path);
          if (kind === 'foreign')
            yield { kind: 'file_foreign', severity: 'notice', message: `The file ${path} is none of the drive. It is left alone.` };
          else if (age >= grace)
            yield {
              kind: kind === 'orphan' ? 'file_orphan' : 'upload_leftover',
              severity: 'notice',
              message:
                kind === 'orphan'
                  ? `Content ${name} (${size} bytes) lies on the disk, and nothing names it. A repair removes it, as the node does by itself.`
                  : `The file ${path} (${size} bytes) is left of an upload that came to no end. A repair removes it, as the node does by itself.`,
              ...(kind === 'orphan' && { cid: name }),
              repair: () => blobs.removeStray(path),
            };
        }
      },
    },
  ];
}
