import type { WorkerScript } from '@freehold/compute';
import { DriveError, type Drive } from '@freehold/drive';
import type { Address } from '@freehold/protocol';

/** The script of a worker as its file holds it now. Errors: those of the drive when its owner cannot read it any more. */
export async function scriptOf(drive: Drive, { account, entry: id }: { account: Address; entry: string }): Promise<WorkerScript> {
  const { entry, drive: files } = await drive.as({ account }).find({ id }, 'read');
  if (entry.kind !== 'file' || entry.cid === undefined)
    throw new DriveError('not_a_file', 'The script of a worker must be a file. Choose a file.');
  return {
    cid: entry.cid,
    size: entry.size,
    read: async () => (entry.size === 0 ? Buffer.alloc(0) : Buffer.concat(await Array.fromAsync((await files.read(id)).stream))),
  };
}
