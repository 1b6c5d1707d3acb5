import { createHash } from 'node:crypto';
import { fileFacts, type FileFacts } from '@freehold/protocol';
import type { Account, Context } from '../account.ts';
import { DriveError } from '../error.ts';
import { idsAtOnce } from '../store/entries.ts';
import { derivationRows, type DerivationRow } from '../store/derivations.ts';
import type { Deriving } from './deriving.ts';
import { ReadFailure, type Reader } from './reader.ts';

/** A WebP of at most 256 by 256 pixels. */
export type Thumbnail = { bytes: Uint8Array; /** Changes when the picture does. */ tag: string };

/** Longest data URL that is taken as a picture of an entry. */
const maximumUrl = 512 * 1024;
/** Pictures that wait to be made, of everybody together: they lie in memory meanwhile. */
const maximumWaiting = 32;

/** What is known of the content of files, beside their words. `pictures`: the process that reads pictures which programs give. */
export const thumbnailsOf = (
  account: Account,
  { database, closing }: Context,
  { deriving, pictures }: { deriving: Deriving; pictures: Reader },
) => {
  /** What was found in a file; waits for it at most so long, and answers `pending` when that was too short. */
  async function derived(id: string, wait: number): Promise<DerivationRow | 'pending' | undefined> {
    const { tree, store } = await account.look();
    const { cid } = await tree.get(id);
    if (cid === null) return undefined;
    const known = await derivationRows(database.read).get(cid);
    if (known && known.state !== 'again') return known;
    const number = await store.pictures.waiting(id);
    if (number === undefined) return undefined;
    const isDone = known === undefined && (await settlesWithin(deriving.want(number), wait));
    return isDone ? derived(id, 0) : 'pending';
  }

  return {
    /**
     * The picture that a program gave to the entry, else the one made of its content. Undefined when there is none and will be none;
     * `pending` when it is not made yet, after waiting for `wait` milliseconds.
     */
    async thumbnail(id: string, { wait = 0 }: { wait?: number } = {}): Promise<Thumbnail | 'pending' | undefined> {
      const { tree, store } = await account.look();
      await tree.get(id);
      const given = await store.pictures.get(id);
      if (given) return { bytes: given.picture, tag: given.tag };
      const row = await derived(id, wait);
      if (row === 'pending' || !row?.picture) return row === 'pending' ? row : undefined;
      return { bytes: row.picture, tag: row.cid };
    },

    /** The pictures of some entries that have one by now, by id; nothing is waited for. */
    async thumbnails(ids: readonly string[]): Promise<Map<string, Uint8Array>> {
      const { store } = await account.look();
      const found = new Map<string, Uint8Array>();
      for (let start = 0; start < ids.length; start += idsAtOnce)
        for (const { id, picture } of await store.pictures.among(ids.slice(start, start + idsAtOnce))) found.set(id, picture);
      return found;
    },

    /** What a picture or PDF says of itself; undefined when it says nothing, or was not looked at yet. */
    async facts(id: string, { wait = 0 }: { wait?: number } = {}): Promise<FileFacts | undefined> {
      const row = await derived(id, wait);
      return row === undefined || row === 'pending' || row.facts === null ? undefined : fileFacts.parse(JSON.parse(row.facts));
    },

    /**
     * Gives an entry a picture of its own: a data URL of an image, which is made anew as a small WebP, so that nothing else in it is kept;
     * null takes it away. It goes when the file gets other content. Errors: `thumbnail_invalid`, `too_busy`.
     */
    async setThumbnail(id: string, url: string | null): Promise<void> {
      const { tree } = await account.look();
      await tree.movable(id);
      const picture = url === null ? undefined : await remade(url);
      await account.change(async (writing) => {
        const { parent } = await writing.tree.movable(id);
        const { pictures: rows } = writing.store;
        if (picture) await rows.put(id, { picture, tag: createHash('sha256').update(picture).digest('hex').slice(0, 32) });
        else await rows.remove(id);
        await writing.record({ op: 'updated', entry: id, parent });
      });
    },
  };

  async function remade(url: string): Promise<Uint8Array> {
    const [, mediaType, base64] =
      url.length <= maximumUrl ? (/^data:(image\/[\w.+-]+);base64,([A-Za-z0-9+/]+={0,2})$/.exec(url) ?? []) : [];
    if (mediaType === undefined || base64 === undefined) throw invalid();
    if (pictures.waiting() >= maximumWaiting)
      throw new DriveError('too_busy', 'Too many pictures are being made at this moment. Try again in a few seconds.');
    const bytes = Buffer.from(base64, 'base64');
    const request = { task: 'picture' as const, mediaType, length: bytes.length, complete: true };
    try {
      const { picture } = await pictures.read(request, onePiece(bytes), { signal: closing });
      if (picture) return picture;
    } catch (error) {
      if (!(error instanceof ReadFailure)) throw error;
      closing.throwIfAborted();
      throw invalid(error);
    }
    throw invalid();
  }
};

const invalid = (cause?: unknown) =>
  new DriveError(
    'thumbnail_invalid',
    `A picture for an entry is a data URL of a PNG, JPEG, WebP, GIF, TIFF or AVIF image, of at most ${maximumUrl / 1024} KiB in all.`,
    { cause },
  );

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function settlesWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
