import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Address, ProgramInfo, ProgramUpload } from '@freehold/protocol';
import { ComputeError } from './error.ts';
import { executableSizeLimit } from './program-file.ts';
import type { ProgramQuota } from './program-quota.ts';
import type { Programs } from './programs.ts';

const partSize = 8 * 1024 * 1024;
const lifetimeMs = 24 * 3_600_000;
/** Uploads of one seller that may be under way. */
const mostUploads = 4;

/** One upload: its folder says whose it is, what shall come of it, and how large. */
type Upload = { owner: Address; sha256: string; size: number; folder: string };

/**
 * Programs that arrive in parts, as files do in the drive: what has arrived outlives a lost connection and a restart, and is on this
 * node's disk. An upload is named by its seller and by the sha256 of the whole, so one that was begun is found again without a word,
 * and what is complete is proven to be what was meant.
 */
export function openProgramUploads({
  directory,
  programs,
  quota,
  now,
}: {
  directory: string;
  programs: Pick<Programs, 'add' | 'withSha256'>;
  quota: Pick<ProgramQuota, 'mustHaveRoom'>;
  now: () => number;
}) {
  const uploadsOf = async (owner: Address): Promise<Upload[]> =>
    (await readdir(directory).catch(() => [])).flatMap((name) => {
      const [, whose, sha256, size] = /^(0x[0-9a-fA-F]{40})\.([0-9a-f]{64})\.(\d{1,12})$/.exec(name) ?? [];
      return whose === owner && sha256 !== undefined ? [{ owner, sha256, size: Number(size), folder: join(directory, name) }] : [];
    });

  const partCountOf = ({ size }: Upload) => Math.ceil(size / partSize);
  const pathOf = ({ folder }: Upload, number: number) => join(folder, String(number));

  async function find(owner: Address, sha256: string): Promise<Upload> {
    const upload = (await uploadsOf(owner)).find((known) => known.sha256 === sha256);
    if (!upload)
      throw new ComputeError(
        'upload_not_found',
        404,
        'No upload of this program is under way. It may have been completed or given up; begin it again with POST /api/programs/uploads.',
      );
    return upload;
  }

  async function received({ folder }: Upload): Promise<number[]> {
    const names = await readdir(folder).catch(() => []);
    return names
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  async function describe(upload: Upload, program: ProgramInfo | null = null): Promise<ProgramUpload> {
    const { sha256, size } = upload;
    const touched = await stat(upload.folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => now(),
    );
    return {
      sha256,
      size,
      partSize,
      partCount: partCountOf(upload),
      received: await received(upload),
      expiresAt: Math.floor(touched) + lifetimeMs,
      program,
    };
  }

  async function sweep(): Promise<void> {
    for (const name of await readdir(directory).catch(() => [])) {
      const folder = join(directory, name);
      const found = await stat(folder).catch(() => undefined);
      if (found && found.mtimeMs + lifetimeMs < now()) await rm(folder, { recursive: true, force: true });
    }
  }

  async function* wholeOf(upload: Upload): AsyncGenerator<Uint8Array> {
    for (let number = 1; number <= partCountOf(upload); number++) yield* createReadStream(pathOf(upload, number));
  }

  return {
    /** Begins an upload, or finds the one that was begun. Errors: `program_too_large`, `quota_exceeded`, `too_many_uploads`. */
    async begin({ owner, sha256, size }: { owner: Address; sha256: string; size: number }): Promise<ProgramUpload> {
      if (size > executableSizeLimit)
        throw new ComputeError('program_too_large', 413, `A program may have at most ${executableSizeLimit / 1024 / 1024} MiB.`);
      const wanted: Upload = { owner, sha256, size, folder: join(directory, `${owner}.${sha256}.${size}`) };
      const program = await programs.withSha256(sha256);
      if (program) return describe(wanted, program);
      await sweep();
      const others = (await uploadsOf(owner)).filter(({ folder }) => folder !== wanted.folder);
      // One sha256 has one size: another one was a slip.
      for (const { folder } of others.filter((other) => other.sha256 === sha256)) await rm(folder, { recursive: true, force: true });
      if (others.filter((other) => other.sha256 !== sha256).length >= mostUploads)
        throw new ComputeError('too_many_uploads', 429, 'Too many uploads are under way. Complete or abort some, and try again.');
      const begun = others.filter((other) => other.sha256 !== sha256).reduce((sum, other) => sum + other.size, 0);
      await quota.mustHaveRoom(owner, begun + size);
      await mkdir(wanted.folder, { recursive: true, mode: 0o700 });
      await utimes(wanted.folder, now() / 1000, now() / 1000);
      return describe(wanted);
    },

    /** Errors: `upload_not_found`. */
    find: async (owner: Address, sha256: string): Promise<ProgramUpload> => describe(await find(owner, sha256)),

    /** Takes in one part; one that is sent again replaces the earlier. Errors: `upload_not_found`, `upload_incomplete`. */
    async writePart({
      owner,
      sha256,
      number,
      content,
    }: {
      owner: Address;
      sha256: string;
      number: number;
      content: AsyncIterable<Uint8Array>;
    }): Promise<{ size: number }> {
      const upload = await find(owner, sha256);
      const count = partCountOf(upload);
      if (!Number.isSafeInteger(number) || number < 1 || number > count)
        throw new ComputeError('upload_incomplete', 422, `This upload has the parts 1 to ${count}; there is no part ${number}.`);
      const wanted = Math.min(partSize, upload.size - (number - 1) * partSize);
      const temporary = join(upload.folder, `.${randomUUID()}`);
      const file = await open(temporary, 'wx', 0o600);
      try {
        let size = 0;
        for await (const chunk of content) {
          size += chunk.length;
          if (size > wanted) break;
          await file.writeFile(chunk);
        }
        if (size !== wanted)
          throw new ComputeError(
            'upload_incomplete',
            422,
            `Part ${number} has ${wanted} bytes, and ${size > wanted ? 'more' : 'less'} arrived. Send it again.`,
          );
        await file.datasync();
        await rename(temporary, pathOf(upload, number));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      return { size: wanted };
    },

    /** Makes a program of the parts. Errors: `upload_not_found`, `upload_incomplete`, `program_refused`. */
    async complete(owner: Address, sha256: string): Promise<ProgramInfo> {
      const upload = await find(owner, sha256).catch(async (error: unknown) => {
        // An answer that was lost on its way is asked for again.
        const program = await programs.withSha256(sha256);
        if (program) return program;
        throw error;
      });
      if ('cid' in upload) return upload;
      const missing = partCountOf(upload) - (await received(upload)).length;
      if (missing > 0)
        throw new ComputeError(
          'upload_incomplete',
          422,
          `${missing} of the ${partCountOf(upload)} parts have not arrived. Send them, and complete the upload then.`,
        );
      return programs.add(wholeOf(upload), { owner, sha256 }).finally(() => rm(upload.folder, { recursive: true, force: true }));
    },

    /** Forgets an upload with all that has arrived. Errors: `upload_not_found`. */
    async abort(owner: Address, sha256: string): Promise<void> {
      await rm((await find(owner, sha256)).folder, { recursive: true, force: true });
    },

    sweep,
  };
}
