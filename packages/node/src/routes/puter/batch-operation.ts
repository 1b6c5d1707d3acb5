import { z } from 'zod';
import { moveWanted } from './copy-move.ts';
import { deleteWanted } from './delete.ts';
import { flag, text } from './fields.ts';
import { folderWanted } from './mkdir.ts';

const ancestors = { create_missing_ancestors: flag, create_missing_parents: flag };

/** One operation of a batch. A path may begin with `$name`, which an earlier `mkdir` was given with `as`. */
export const batchOperation = z.discriminatedUnion('op', [
  folderWanted.extend({ op: z.literal('mkdir'), as: z.string().max(64).nullish(), ...ancestors }),
  z.object({
    op: z.literal('write'),
    path: text,
    name: text,
    overwrite: flag,
    dedupe_name: flag,
    operation_id: z.union([z.string().max(200), z.number()]).nullish(),
    item_upload_id: z.union([z.string().max(200), z.number()]).nullish(),
    ...ancestors,
  }),
  z.object({ op: z.literal('shortcut'), path: text, name: text, shortcut_to: text, shortcut_to_uid: text, ...ancestors }),
  moveWanted.extend({ op: z.literal('move'), ...ancestors }),
  deleteWanted.extend({ op: z.literal('delete') }),
]);
export type BatchOperation = z.output<typeof batchOperation>;
export type BatchWrite = Extract<BatchOperation, { op: 'write' }>;
