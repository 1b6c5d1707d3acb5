import type { DriveHandle } from '@freehold/drive';
import type { Shown } from './entry.ts';

/** Files of which pictures are made, and to which programs give them. */
const pictured = /^(image\/|video\/|application\/pdf$)/;
/** An answer holds pictures of so many entries; those of the others are in their own /stat. */
const most = 100;

/** Small pictures as data URLs, by entry. */
export async function thumbnailsOf(drive: DriveHandle, items: readonly Shown[]): Promise<ReadonlyMap<string, string>> {
  const ids = items.filter(({ entry }) => pictured.test(entry.mediaType ?? '')).map(({ entry }) => entry.id);
  return ids.length === 0 ? none : toUrls(await drive.thumbnails(ids.slice(0, most)));
}

/** The picture of one entry, of whatever type. */
export const thumbnailOf = async (drive: DriveHandle, id: string): Promise<string | undefined> =>
  toUrls(await drive.thumbnails([id])).get(id);

const none: ReadonlyMap<string, string> = new Map();

const toUrls = (pictures: ReadonlyMap<string, Uint8Array>): Map<string, string> =>
  new Map([...pictures].map(([id, bytes]) => [id, `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`]));
