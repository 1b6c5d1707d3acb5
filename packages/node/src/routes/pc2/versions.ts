import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import { callerOf, route } from '../../http/route.ts';
import type { WithCaller } from '../reach.ts';
import { ownPath } from './own-path.ts';

const atPath = z.object({ path: z.string().min(1).max(32_768) });
const one = z.strictObject({ number: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
/** The content comes as base64 inside JSON, so it is held in memory: larger ones are read by the node's own API. */
const largestContent = 32 * 1024 * 1024;

export const versionRoutes = (drive: Drive) => {
  const fileAt = (call: WithCaller, path: string) => {
    const { address } = callerOf(call).account;
    return drive.as({ account: address }).find({ path: ownPath(path, address) }, 'read');
  };

  return [
    route({
      method: 'GET',
      path: '/versions',
      dialect: 'puter',
      policy: 'session',
      summary: 'PC2: earlier contents of the file at a path, newest first',
      query: atPath,
      async handle(call) {
        const { drive, entry } = await fileAt(call, call.query.path);
        const versions = await drive.versions(entry.id, { limit: 1000 });
        return versions.map(({ number, cid, size, mediaType, modifiedAt, name }) => ({
          id: `${entry.id}-${number}`,
          version_number: number,
          ipfs_hash: cid,
          size,
          mime_type: mediaType ?? 'application/octet-stream',
          created_at: new Date(modifiedAt).toISOString(),
          created_by: callerOf(call).account.address,
          comment: name ?? null,
        }));
      },
    }),
    route({
      method: 'GET',
      path: '/versions/:number',
      dialect: 'puter',
      policy: 'session',
      summary: 'PC2: an earlier content as base64, up to 32 MiB',
      params: one,
      query: atPath,
      async handle(call) {
        const { drive, entry } = await fileAt(call, call.query.path);
        const { number } = call.params;
        const version = await drive.version(entry.id, number);
        if (version.size > largestContent)
          throw new RequestError(
            'body_too_large',
            413,
            `This version has ${version.size} bytes, too many for one answer. Read /api/drive/entries/${entry.id}/versions/${number}/content instead.`,
          );
        const { stream } = await drive.readVersion(entry.id, number);
        return {
          version: number,
          content: Buffer.concat(await stream.toArray()).toString('base64'),
          content_type: version.mediaType ?? 'application/octet-stream',
        };
      },
    }),
    route({
      method: 'POST',
      path: '/versions/:number/restore',
      dialect: 'puter',
      policy: 'session',
      summary: 'PC2: make an earlier content the present one',
      params: one,
      body: atPath,
      async handle(call) {
        const { drive, entry } = await fileAt(call, call.body.path);
        const { number } = call.params;
        await drive.restoreVersion(entry.id, number);
        const [newest] = await drive.versions(entry.id, { limit: 1 });
        return {
          success: true,
          message: `Version ${number} of "${entry.name}" is its content again.`,
          restored_version: number,
          new_version: (newest?.number ?? 0) + 1,
        };
      },
    }),
  ];
};
