import type { Drive } from '@freehold/drive';
import { address } from '@freehold/protocol';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { callerOf, route } from '../../http/route.ts';

export const storageRoutes = ({ drive, config }: { drive: Drive; config: Pick<Config, 'quotaBytes'> }) => [
  route({
    method: 'GET',
    path: '/api/storage/usage',
    dialect: 'puter',
    policy: 'session',
    summary: 'PC2: what the drive of the caller is full of',
    async handle(call) {
      const account = callerOf(call).account.address;
      const { files, size, types, largest } = await drive.of(account).statistics();
      return {
        total: { size, files, filesWithCID: files },
        byType: types.map(({ type, files, size }) => ({ type, count: files, size })),
        largestFiles: largest.map(({ name, path, size, cid, mediaType, modifiedAt }) => ({
          name,
          path: `/${account}${path ?? `/${name}`}`,
          size,
          mime_type: mediaType ?? 'application/octet-stream',
          ipfs_hash: cid,
          modified: new Date(modifiedAt).toISOString(),
        })),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/api/storage/limit',
    dialect: 'puter',
    policy: 'session',
    summary: 'PC2: bytes that the caller may store and has stored',
    async handle(call) {
      const { used, quota } = await drive.of(callerOf(call).account.address).usage();
      return { success: true, limit: quota, used, available: Math.max(0, quota - used), default: config.quotaBytes };
    },
  }),
  route({
    method: 'POST',
    path: '/api/storage/limit',
    dialect: 'puter',
    policy: 'owner',
    summary: 'PC2: change how many bytes an account may store; null for the standard',
    body: z.strictObject({ limit: z.int().min(0).nullable(), wallet: address.optional(), auth_token: z.string().optional() }),
    async handle(call) {
      const wallet = call.body.wallet ?? callerOf(call).account.address;
      await drive.setQuota(wallet, call.body.limit);
      return { success: true, wallet, limit: (await drive.of(wallet).usage()).quota };
    },
  }),
];
