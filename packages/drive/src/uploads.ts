import { hash } from 'node:crypto';
import type { Entry } from '@freehold/protocol';
import type { Account, Context } from './account.ts';
import { chunksOf, smallSize } from './chunks.ts';
import { leafSize } from './cid.ts';
import { DriveError } from './error.ts';
import { checkFileName, nameKey } from './file-name.ts';
import { keyedLock } from './keyed-lock.ts';
import { mediaTypeOf } from './media-type.ts';
import type { PartFiles } from './part-files.ts';
import { overQuota, stagedInFile, stagedInRow, wrongSize, type Staged } from './stage.ts';
import { uploadIndex, type PartRow, type UploadRow } from './store/uploads.ts';
import { nameTaken } from './tree.ts';
import { writingTo, type OnConflict } from './writing.ts';

/** A part of 10 MiB is what clients of Puter expect; larger files have larger parts, so that there are never too many. */
const standardPart = 10 * leafSize;
const mostParts = 10_000;
/** An upload of which nothing arrives for so long is given up. */
const lifetime = 24 * 3_600_000;
const uploadsPerDrive = 10_000;
/** Completed uploads whose answer is given again: to a client that did not hear it, and asks once more. */
const remembered = 2000;

/** Whose upload it is: nobody else learns of it. `app` when an app began it. */
export type Uploader = { account: string; app: string | undefined };

export type BeginOptions = {
  by: Uploader;
  /** Account of the drive that the file goes to; the caller has checked that it may write there. */
  owner: string;
  parent: string;
  name: string;
  /** Bytes of the whole file. */
  size: number;
  mediaType?: string | undefined;
  onConflict?: OnConflict | undefined;
  /** Whatever tells this file from another of its name and size; the same upload is answered again while it is under way. */
  fingerprint?: string | undefined;
};

export type Upload = {
  id: string;
  owner: string;
  parent: string;
  name: string;
  size: number;
  mediaType: string;
  /** Bytes of each part but the last. */
  partSize: number;
  partCount: number;
  /** Numbers of the parts that have arrived, from 1. */
  received: number[];
  expiresAt: number;
};

export type PartOptions = {
  id: string;
  /** From 1. */
  number: number;
  content: AsyncIterable<Uint8Array>;
  /** Announced bytes of the part. */
  size?: number | undefined;
  signal: AbortSignal;
};

export type CompleteOptions = {
  by: Uploader;
  /** Refuses by throwing when the uploader may not, or no longer, write into the folder. */
  check: (place: { owner: string; parent: string; name: string }) => Promise<unknown>;
  /** As the parts were answered with, by their numbers, where the client wants them compared. */
  etags?: ReadonlyMap<number, string> | undefined;
  onConflict?: OnConflict | undefined;
  firstNumber?: number | undefined;
};
type Completed = { entry: Entry; replaced: boolean };
type Known = UploadRow & { owner: string };

/**
 * Files that arrive in parts, in any order and at the same time; a part that is sent again replaces the one before. What has arrived
 * outlives a lost connection and a restart of the node. Parts of a large file are on the disk of the node that began it; a small
 * one is kept in the database.
 */
export function openUploads({ parts, accountOf, ...context }: Context & { parts: PartFiles; accountOf: (name: string) => Account }) {
  const { database, now, newId, closing, settings, blobs } = context;
  const lock = keyedLock();
  /** Parts being received, by upload and number; a later one ends an earlier one that may have lost its connection. */
  const receiving = new Map<string, Map<number, { stop: AbortController; done: Promise<unknown> }>>();
  /** Uploads that are ending: nothing is received for them any more. */
  const ending = new Set<string>();

  const completed = new Map<string, { by: Uploader; result: Completed }>();

  const partCountOf = ({ size, part_size }: UploadRow) => Math.max(1, Math.ceil(size / part_size));
  const isInFile = ({ size }: UploadRow) => size > smallSize;

  async function known(id: string, by?: Uploader): Promise<Known> {
    const row = await uploadIndex(database.read).get(id);
    const isTheirs = row && (!by || (row.creator === by.account && (row.app ?? undefined) === by.app));
    if (!isTheirs || row.expires_at <= now()) throw gone();
    return row;
  }

  async function describe(row: Known): Promise<Upload> {
    const held = await uploadIndex(database.read).partNumbers(row.id);
    return {
      id: row.id,
      owner: row.owner,
      parent: row.parent,
      name: row.name,
      size: row.size,
      mediaType: row.media_type,
      partSize: row.part_size,
      partCount: partCountOf(row),
      received: held.map(({ number }) => number),
      expiresAt: row.expires_at,
    };
  }

  /** Refuses early what would be refused in the end. */
  async function checkPlace(
    { owner, parent, name, size, onConflict }: { owner: string; parent: string; name: string; size: number; onConflict: OnConflict },
    pending: { bytes: number },
  ) {
    const { store, tree } = await accountOf(owner).look();
    await tree.checkDepth((await tree.folder(parent)).above.length);
    const existing = await store.entries.child(parent, nameKey(name));
    if (existing && onConflict === 'fail') throw nameTaken(name);
    if (existing?.kind === 'folder' && onConflict === 'replace')
      throw new DriveError('not_a_file', `"${name}" is a folder and cannot be replaced by a file. Choose another name.`);
    const usage = await store.usage.read();
    if ((usage?.used ?? 0) + pending.bytes + size > (usage?.quota ?? settings.quota)) throw overQuota();
  }

  async function begin({ by, owner, parent, name, size, mediaType, onConflict = 'fail', fingerprint }: BeginOptions): Promise<Upload> {
    checkFileName(name);
    if (!Number.isSafeInteger(size) || size < 0)
      throw new DriveError('upload_incomplete', 'Say how many bytes the file has: a whole number.');
    const { store } = await accountOf(owner).look();
    const place = { creator: by.account, app: by.app ?? null, parent, name, size, fingerprint: fingerprint ?? null };
    if (fingerprint !== undefined) {
      const same = await store.uploads.same(place, now());
      if (same && (size <= smallSize || (await parts.has(same.id)))) return describe(await known(same.id));
    }
    const pending = await store.uploads.pending(now());
    if (pending.count >= uploadsPerDrive)
      throw new DriveError('too_many_uploads', 'Too many uploads are under way. Complete or abort some, and try again.');
    await checkPlace({ owner, parent, name, size, onConflict }, pending);

    const id = newId();
    const part_size = standardPart * Math.max(1, Math.ceil(size / (standardPart * mostParts)));
    const row = { ...place, id, media_type: mediaType ?? mediaTypeOf(name), on_conflict: onConflict, part_size };
    if (size > smallSize) await parts.create(id, size);
    try {
      const at = now();
      await accountOf(owner).change(({ store: { uploads } }) => uploads.insert({ ...row, created_at: at, expires_at: at + lifetime }));
    } catch (cause) {
      await parts.remove(id);
      throw cause;
    }
    return describe(await known(id));
  }

  async function receive(row: Known, { number, content, signal }: PartOptions, size: number): Promise<PartRow> {
    if (!isInFile(row)) {
      const bytes = await collect(content, { size, signal });
      return { number, digests: hash('sha256', bytes, 'buffer'), content: bytes };
    }
    // From here on the bytes of a part that was there are no longer whole.
    await database.transaction((tx) => uploadIndex(tx).removePart(row.id, number));
    const digests = await parts.write(row.id, { position: (number - 1) * row.part_size, size, content, signal });
    if (!digests) throw elsewhere();
    return { number, digests, content: null };
  }

  async function writePart(options: PartOptions): Promise<{ etag: string; size: number }> {
    const { id, number } = options;
    const row = await known(id);
    if (!Number.isSafeInteger(number) || number < 1 || number > partCountOf(row))
      throw new DriveError('upload_incomplete', `This upload has the parts 1 to ${partCountOf(row)}; there is no part ${number}.`);
    const size = Math.min(row.part_size, row.size - (number - 1) * row.part_size);
    if (options.size !== undefined && options.size !== size) throw wrongSize(size, options.size > size ? 'more' : 'less');

    const running = receiving.get(id) ?? new Map<number, { stop: AbortController; done: Promise<unknown> }>();
    receiving.set(id, running);
    const earlier = running.get(number);
    const stop = new AbortController();
    const work = async () => {
      earlier?.stop.abort(new DriveError('upload_incomplete', 'The same part was sent again. The later one counts.'));
      await earlier?.done;
      if (ending.has(id)) throw gone();
      const signal = AbortSignal.any([options.signal, stop.signal, closing]);
      const part = await receive(row, { ...options, signal }, size);
      signal.throwIfAborted();
      await database.transaction(async (tx) => {
        const uploads = uploadIndex(tx);
        if (!(await uploads.extend(id, now() + lifetime))) throw gone();
        await uploads.putPart(id, part);
      });
      return { etag: etagOf(part), size };
    };
    const result = work();
    const mine = { stop, done: Promise.allSettled([result]) };
    running.set(number, mine);
    try {
      return await result;
    } finally {
      if (running.get(number) === mine) running.delete(number);
      if (running.size === 0 && receiving.get(id) === running) receiving.delete(id);
    }
  }

  /** Runs `work` alone: nothing is being received for the upload any more, and nothing else ends it. */
  function end<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    return lock(id, async () => {
      ending.add(id);
      try {
        const left = [...(receiving.get(id)?.values() ?? [])];
        for (const { stop } of left) stop.abort(gone());
        await Promise.all(left.map(({ done }) => done));
        return await work();
      } finally {
        ending.delete(id);
      }
    });
  }

  async function stagedFrom(row: Known, etags: ReadonlyMap<number, string> | undefined): Promise<Staged> {
    const held = await uploadIndex(database.read).parts(row.id);
    const count = partCountOf(row);
    if (row.size === 0 && held.length === 0) return stagedInRow(new Uint8Array(0));
    const missing = count - held.length;
    if (missing > 0)
      throw new DriveError(
        'upload_incomplete',
        `${missing} of the ${count} parts have not arrived. Send them, and complete the upload then.`,
      );
    const changed = held.find((part) => etags && etags.has(part.number) && etags.get(part.number) !== etagOf(part));
    if (changed) throw new DriveError('upload_incomplete', `Part ${changed.number} is not the one that was meant. Send it again.`);
    const [first] = held;
    if (first?.content) return stagedInRow(Uint8Array.from(first.content));
    if (!(await parts.has(row.id))) throw elsewhere();
    return stagedInFile({ digests: Buffer.concat(held.map(({ digests }) => digests)), size: row.size, temporary: parts.pathOf(row.id) });
  }

  return {
    /** Errors: `name_invalid`, `name_taken`, `quota_exceeded`, `disk_full`, `too_many_uploads` and those of the folder. */
    begin,

    /** An upload of this uploader. Errors: `upload_not_found`. */
    find: async (id: string, by: Uploader): Promise<Upload> => describe(await known(id, by)),

    /** Takes in one part; the caller has proven that it may. Errors: `upload_not_found`, `upload_incomplete`, `upload_elsewhere`, `disk_full`. */
    writePart: (options: PartOptions) => blobs.track(writePart(options)),

    /**
     * Puts the file in its folder. Refused for its name or size before anything is moved, an upload stays and can be completed later.
     * To complete it again answers the same, for a while. Errors as for writing a file.
     */
    complete(id: string, { by, check, etags, onConflict, firstNumber }: CompleteOptions): Promise<Completed> {
      return end(id, async () => {
        const earlier = completed.get(id);
        if (earlier && earlier.by.account === by.account && earlier.by.app === by.app) return earlier.result;
        const row = await known(id, by);
        const { owner, parent, name, media_type } = row;
        await check({ owner, parent, name });
        const place = { parent, name, media_type, onConflict: onConflict ?? row.on_conflict, firstNumber };
        const staged = await stagedFrom(row, etags);
        await checkPlace({ ...place, owner, size: row.size }, { bytes: 0 });
        try {
          const result = await writingTo(accountOf(owner), context).putFile(staged, place, async ({ store }) => {
            if (!(await store.uploads.remove(id))) throw gone();
          });
          remember(id, { by, result });
          return result;
        } catch (cause) {
          // A file that was moved and taken away again cannot be completed later.
          if (isInFile(row) && !(await parts.has(id))) await remove(row);
          throw cause;
        }
      });
    },

    /** Forgets an upload with all that has arrived. Errors: `upload_not_found`. */
    abort: (id: string, by: Uploader): Promise<void> => end(id, async () => remove(await known(id, by))),

    /** Removes uploads that were given up, and files of uploads that are no more. */
    async sweep(signal: AbortSignal): Promise<{ expired: number; files: number }> {
      const counts = { expired: 0, files: 0 };
      for (const { id } of await uploadIndex(database.read).expired(now(), 1000)) {
        if (signal.aborted) return counts;
        await end(id, async () => {
          const row = await uploadIndex(database.read).get(id);
          if (!row || row.expires_at > now()) return;
          await remove(row);
          counts.expired += 1;
        });
      }
      for (const id of await parts.list()) {
        if (signal.aborted) return counts;
        // An id holds its time, and a file is made before its row.
        const isNew = Number.parseInt(id.slice(0, 12), 16) > now() - lifetime;
        // Looked at first: ending an upload breaks off the parts that are arriving for it.
        if (isNew || (await uploadIndex(database.read).get(id))) continue;
        await end(id, async () => {
          if (await uploadIndex(database.read).get(id)) return;
          await parts.remove(id);
          counts.files += 1;
        });
      }
      return counts;
    },
  };

  function remember(id: string, done: { by: Uploader; result: Completed }): void {
    const [oldest] = completed.keys();
    if (completed.size >= remembered && oldest !== undefined) completed.delete(oldest);
    completed.set(id, done);
  }

  async function remove(row: Known): Promise<void> {
    await accountOf(row.owner).change(({ store }) => store.uploads.remove(row.id));
    await parts.remove(row.id);
  }
}

/** Not the hash of the bytes, but as good as one: the hash of the hashes of its leaves. */
const etagOf = ({ digests }: PartRow) => hash('sha256', digests, 'hex').slice(0, 32);

async function collect(
  content: AsyncIterable<Uint8Array>,
  { size, signal }: { size: number; signal: AbortSignal },
): Promise<Uint8Array<ArrayBuffer>> {
  for await (const chunk of chunksOf(content, { signal, take: () => Buffer.allocUnsafeSlow(leafSize) })) {
    if (chunk.length > size) throw wrongSize(size, 'more');
    if (chunk.length < size) throw wrongSize(size, 'less');
    return Uint8Array.from(chunk);
  }
  throw new RangeError('A stream has at least one chunk');
}

const gone = () =>
  new DriveError('upload_not_found', 'There is no such upload under way. It may have been completed, aborted or given up; begin it again.');

const elsewhere = () =>
  new DriveError(
    'upload_elsewhere',
    'What arrived of this upload is on another node, or was lost with its disk. Send the parts to the node that began it, or begin again.',
  );
