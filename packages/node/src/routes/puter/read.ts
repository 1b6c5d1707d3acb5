import { Readable } from 'node:stream';
import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { callerOf, route } from '../../http/route.ts';
import { sendContent } from '../../http/send-content.ts';
import { uidOfId } from '../../http/uid.ts';
import { fieldRequired, PuterError } from './error.ts';
import { count, text } from './fields.ts';
import { openReach } from './reach.ts';

/** The bytes of a file, or of the part from `offset` on and `byte_count` long; Range, If-Range, If-None-Match and HEAD are honoured. */
export const readRoute = (drive: Drive) =>
  route({
    method: 'GET',
    path: '/read',
    dialect: 'puter',
    policy: 'app',
    summary: 'Read a file',
    query: z.object({ file: text, path: text, uid: text, offset: count, byte_count: count }),
    async handle(call) {
      const { file, path, uid, offset, byte_count: wanted } = call.query;
      const reach = openReach(drive, callerOf(call));
      const subject = file || uid || path;
      if (!subject) throw fieldRequired('file');
      const found = await reach.find(subject, 'read', 'file');
      if (found.kind !== 'entry' || found.place.entry.kind === 'folder')
        throw new PuterError('cannot_read_a_directory', 'That is a folder. Choose a file in it.');
      const { entry, drive: files } = found.place;
      if (entry.target !== undefined)
        throw new PuterError('shortcut_target_not_found', 'This is a shortcut, which holds nothing itself. Read what it points at.', {
          shortcut_to: uidOfId(entry.target),
        });
      const start = offset ?? 0;
      if (start > entry.size)
        throw new PuterError('bad_request', `The file has ${entry.size} bytes; there are none at ${start}.`, { field: 'offset' });
      const size = Math.min(wanted ?? Infinity, entry.size - start);
      const isPart = start > 0 || size < entry.size;
      return sendContent(call, {
        file: { ...entry, size, ...(isPart && { cid: `${entry.cid}.${start}.${size}` }) },
        download: false,
        headers: { 'content-type': 'application/octet-stream', 'content-disposition': 'inline' },
        async open(range) {
          const first = start + (range?.start ?? 0);
          const last = start + (range?.end ?? size - 1);
          const part = isPart || range ? { range: { start: first, end: last } } : {};
          return size === 0 ? Readable.from([]) : (await files.read(entry.id, part)).stream;
        },
      });
    },
  });
