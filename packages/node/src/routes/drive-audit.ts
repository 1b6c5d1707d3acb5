import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { route } from '../http/route.ts';

/** What `freehold fsck` found. */
const finding = z.object({
  kind: z.string(),
  severity: z.enum(['notice', 'wrong', 'lost']),
  message: z.string(),
  drive: z.string().optional(),
  entry: z.string().optional(),
  cid: z.string().optional(),
  repairable: z.boolean(),
  repaired: z.boolean().optional(),
});
export const driveReport = z.object({ dataDirectory: z.string(), findings: z.array(finding) });
export type DriveReport = z.output<typeof driveReport>;

/** The check of the drives for a node that runs. It repairs nothing: for that the node must stand still. */
export const driveAuditRoutes = ({ drive, dataDirectory }: { drive: Drive; dataDirectory: string }) => [
  route({
    method: 'POST',
    path: '/api/drive/audit',
    policy: 'owner-or-loopback',
    summary: 'Compare the books of all drives with each other and with the disk; `rehash` reads every byte',
    body: z.strictObject({ rehash: z.boolean().default(false) }),
    answer: driveReport,
    async handle({ body, signal }) {
      const first = await drive.audit({ rehash: body.rehash, signal });
      if (first.length === 0) return { dataDirectory, findings: [] };
      // What was written while it looked may have shown as a difference: only what is found twice is one.
      const second = await drive.audit({ rehash: body.rehash, signal });
      const known = new Set(first.map(({ kind, message }) => `${kind} ${message}`));
      return { dataDirectory, findings: second.filter(({ kind, message }) => known.has(`${kind} ${message}`)) };
    },
  }),
];
