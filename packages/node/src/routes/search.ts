import type { Drive } from '@freehold/drive';
import { entryList, type EntryList } from '@freehold/protocol';
import { z } from 'zod';
import { callerOf, route } from '../http/route.ts';

export const searchRoutes = (drive: Drive) => [
  route({
    method: 'GET',
    path: '/api/drive/search',
    policy: 'session',
    summary: 'Files and folders of the caller whose names hold all words of the text. A page may be empty and still have a next',
    query: z.strictObject({
      text: z.string().min(1).max(256),
      after: z.string().max(64).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    answer: entryList,
    async handle(call): Promise<EntryList> {
      const { entries, next } = await drive.of(callerOf(call).account.address).search(call.query);
      return { entries, next: next ?? null };
    },
  }),
];
