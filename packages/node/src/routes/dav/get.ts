import { sendContent } from '../../http/send-content.ts';
import { isOldNews } from './conditional.ts';
import { entryOf, type Visit } from './visit.ts';

const folderNote =
  'This is a folder of a Freehold drive. To see what is in it, connect a program that speaks WebDAV to this address, with an app password.\n';

/** GET and HEAD (RFC 4918 §9.4): a file or a range of it, as an attachment, so that no browser runs it here. */
export async function get(visit: Visit): Promise<unknown> {
  const { files, headers, request, reply } = visit;
  const entry = entryOf(visit);
  if (entry.kind === 'folder') return reply.header('content-type', 'text/plain; charset=utf-8').send(folderNote);
  if (isOldNews({ entry, headers })) return reply.code(304).send();
  return sendContent(
    { request, reply },
    { file: entry, download: true, open: async (range) => (await files.read(entry.id, { range })).stream },
  );
}
